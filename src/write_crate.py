"""Pack a finished run as an RO-Crate: what ran, with which versions, and what came out.

Reads   configuration     the whole configuration, from record_configuration
        claims            verdicts and what every network contributes to them
        figures           as pictures
        tables            of all runs, and comparisons
        page              the page that shows them
        code              the Snakefile and all else that ran
Params  snakefile         the main one among the code
        project           name, description and licence
        root              the repository; files are in the crate where they are there
Writes  crate             a ZIP file, laid out by the Workflow Run Crate profile; versions and
                          commits are those that the jobs named in ``logs/`` beside it
"""

import hashlib
import json
import mimetypes
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from pipeline.files import replacing
from pipeline.stage import log, made_by, run_as_script

METADATA = "ro-crate-metadata.json"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
# Workflow Run Crate 0.5 extends the other two; its specification asks for all three.
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
RESULTS = ("claims", "figures", "tables", "page")
FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
    ".yaml": "application/yaml",
}
# What a ZIP file can say at the earliest: the same files give the same bytes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def what_ran(logs: Iterable[Path]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the commits and the versions that the jobs of a run have logged.

    Parameters
    ----------
    logs : iterable of pathlib.Path

    Returns
    -------
    commits : list of str
    versions : list of (str, str)
        Packages, each with a version; one with several where an update came between jobs.

    Raises
    ------
    ValueError
        If no log names any.
    """
    commits, versions = set(), set()
    for path in logs:
        for named, commit in made_by(path.read_text(encoding="utf-8", errors="replace")):
            commits.add(commit)
            versions.update(named.items())
    if not commits:
        raise ValueError("no log of a job says with which versions the results were made")
    return sorted(commits), sorted(versions)


def place(path: str | Path, root: Path) -> str:
    """Return where a file stands in the crate: as in the folder of the run, or as in the project.

    Raises
    ------
    ValueError
        If it is in neither.
    """
    path = Path(os.path.abspath(path))
    for folder in (Path.cwd(), root):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    raise ValueError(f"{path} is neither in {Path.cwd()} nor in {root}")


def described(path: Path) -> dict[str, str]:
    """Return size in bytes, checksum and media type of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kind = FORMATS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return {"contentSize": str(path.stat().st_size), "sha256": digest, "encodingFormat": kind}


def described_run(
    files: Mapping[str, Iterable[Path]],
    snakefile: Path,
    project: Mapping[str, str],
    root: Path,
    logs: Iterable[Path],
) -> ROCrate:
    """Describe a run and its files.

    Parameters
    ----------
    files : mapping of str to iterable of pathlib.Path
        By kind: ``configuration``, ``code`` and `RESULTS`.
    snakefile : pathlib.Path
        Among the code.
    project : mapping of str to str
        ``name``, ``description`` and ``license``, an SPDX identifier.
    root : pathlib.Path
    logs : iterable of pathlib.Path

    Returns
    -------
    crate : rocrate.rocrate.ROCrate
    """
    commits, versions = what_ran(logs)
    ended = max(path.stat().st_mtime for kind in RESULTS for path in files[kind])
    ended = datetime.fromtimestamp(int(ended), UTC).isoformat()
    crate = ROCrate(version="1.1")
    crate.name, crate.description = f"A run of {project['name']}", project["description"]
    crate.datePublished = ended
    crate.license = _entity(
        *(crate, f"https://spdx.org/licenses/{project['license']}", "CreativeWork"),
        name=project["license"],
    )
    crate.root_dataset["conformsTo"] = [
        _entity(crate, uri, "CreativeWork", name=name, version=version)
        for uri, (name, version) in PROFILES.items()
    ]
    crate.metadata.extra_contexts.append(TERMS)
    workflow = crate.add_workflow(
        *(snakefile, place(snakefile, root)),
        main=True,
        lang="snakemake",
        lang_version=dict(versions).get("snakemake"),
        properties={"name": project["name"], "version": commits, **described(snakefile)},
    )
    workflow["softwareRequirements"] = [
        _entity(
            *(crate, f"#{package}-{version}", "SoftwareApplication"),
            name=package,
            softwareVersion=version,
        )
        for package, version in versions
    ]
    added = {
        kind: [
            crate.add_file(
                path, place(path, root), properties={"name": path.name, **described(path)}
            )
            for path in paths
            if path != snakefile
        ]
        for kind, paths in files.items()
    }
    for kind, direction in {"configuration": "input", **dict.fromkeys(RESULTS, "output")}.items():
        slot = _entity(*(crate, f"#{kind}", "FormalParameter"), name=kind, additionalType="File")
        workflow.append_to(direction, slot)
        for file in added[kind]:
            file["exampleOfWork"] = slot
    action = _entity(
        *(crate, "#run", "CreateAction"),
        name=f"Run of {project['name']} at {', '.join(commits)}",
        endTime=ended,
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    action["instrument"] = workflow
    action["object"] = added["configuration"]
    action["result"] = [file for kind in RESULTS for file in added[kind]]
    crate.root_dataset["mentions"] = [action]
    return crate


def _entity(crate: ROCrate, identifier: str, kind: str, **properties) -> ContextEntity:
    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def pack(target: Path, metadata: dict, files: Mapping[str, Path]) -> None:
    """Write metadata and files, by their place in it, into a ZIP file."""
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:

        def entry(name):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            return archive.open(info, "w", force_zip64=True)

        with entry(METADATA) as packed:
            packed.write(json.dumps(metadata, indent=2, ensure_ascii=False).encode())
        for name, path in sorted(files.items()):
            with entry(name) as packed, path.open("rb") as file:
                shutil.copyfileobj(file, packed)


def main(snakemake) -> None:
    """Describe and pack the run."""
    root = Path(snakemake.params.root)
    snakefile = Path(snakemake.params.snakefile)
    kinds = ("configuration", *RESULTS, "code")
    files = {kind: _paths(getattr(snakemake.input, kind)) for kind in kinds}
    target, own = Path(snakemake.output.crate), Path(snakemake.log[0])
    # Packing is no part of the run, and may be of a later commit.
    logs = [path for path in (target.parent / "logs").rglob("*.log") if path != own]
    crate = described_run(files, snakefile, snakemake.params.project, root, logs)
    packed = {place(path, root): path for paths in files.values() for path in paths}
    pack(target, crate.metadata.generate(), packed)
    log.info("%d files in the crate", len(packed))


def _paths(given) -> list[Path]:
    return [Path(given)] if isinstance(given, str) else [Path(path) for path in given]


if __name__ == "__main__":
    run_as_script(main, globals())
