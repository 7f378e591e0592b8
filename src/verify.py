"""Verify a finished results folder: every seal, every text, and what every file was made from.

Params  config      the whole configuration
        results     folder of the results
Writes  nothing but what it says: each file that would be made anew and why; the files are listed
        in verify.txt in the results folder, so that one command makes them
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.files import digests_in, record_in, save_text
from pipeline.planning import Study
from pipeline.recipes import intermediate_files, product_files, recipe
from pipeline.seals import DamagedFileError, digest_of, mismatch
from pipeline.stage import digest_of_code, log, run_as_script

LISTED = "verify.txt"


def differences(made: object, now: object, key: str = "") -> Iterator[str]:
    """Say in which keys the settings that a file was made with differ from those in force.

    Parameters
    ----------
    made, now : plain data
    key : str
        Of the settings above.

    Yields
    ------
    difference : str
        Such as ``schedule.epochs 30 (now 40)``.
    """
    if isinstance(made, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*made, *now]):
            below = f"{key}.{name}" if key else name
            yield from differences(made.get(name), now.get(name), below)
    elif made != now:
        yield f"{key} {made} (now {now})"


def changed_code(digests: Mapping[str, str]) -> list[str]:
    """Name the files of the code that are not what they were when a file was made."""
    return [file for file, digest in digests.items() if digest_of_code(file) != digest]


def reason(study: Study, path: Path, file: str, versions: Mapping[str, str]) -> str:
    """Say why a file would be made anew, nothing if it would not.

    Parameters
    ----------
    study : Study
    path : pathlib.Path
    file : str
        The path below the results folder.
    versions : mapping of str to str
        Those of the packages that are installed.

    Returns
    -------
    reason : str
    """
    try:
        record = json.loads(record_in(path))
    except DamagedFileError as error:
        return str(error).removeprefix(f"{path} ").partition(";")[0]
    settings = json.loads(json.dumps(recipe(study, file)))
    if record and record["file"] == file and (digest_of(settings) != digest_of(record["settings"])):
        return f"was made under {', '.join(differences(record['settings'], settings))}"
    wanted = {"file": file, "digest": digest_of(settings)}
    if found := mismatch(record, wanted, versions):
        return found
    changed = changed_code(record["code"])
    return f"was made by other code: {', '.join(changed)} changed since" if changed else ""


def changed_texts(results: Path) -> tuple[int, dict[str, str]]:
    """Compare texts, tables and lists, with the digests in the logs of the jobs that wrote them.

    Parameters
    ----------
    results : pathlib.Path

    Returns
    -------
    checked : int
    reasons : dict of str to str
        By path. A text without a log, or one that is gone, is not checked.
    """
    written = {}
    for path in sorted((results / "logs").rglob("*.log")):
        written |= digests_in(path.read_text(encoding="utf-8", errors="replace"))
    there = {path: digest for path, digest in written.items() if Path(path).is_file()}
    reasons = {
        path: "is damaged or edited: its bytes are not those that were written"
        for path, digest in there.items()
        if hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest
    }
    return len(there), reasons


def verify(study: Study, results: Path, versions: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """Check every file with a seal, and every text whose digest a log has.

    Parameters
    ----------
    study : Study
    results : pathlib.Path
    versions : mapping of str to str

    Returns
    -------
    checked : int
    reasons : dict of str to str
        By path, why a file would be made anew. An intermediate file that is not there is none:
        Snakemake makes it only if something needs it.
    """
    products = product_files(study)
    files = [*(f for f in intermediate_files(study) if (results / f).exists()), *products]
    reasons = {}
    for file in files:
        path = results / file
        if found := reason(study, path, file, versions):
            reasons[str(path)] = found
    texts, changed = changed_texts(results)
    return len(files) + texts, reasons | changed


def main(snakemake) -> None:
    """Check the folder, say what is wrong, and fail if anything is."""
    results = Path(snakemake.params.results)
    versions = snakemake.params.made_from["versions"]
    checked, reasons = verify(Study(snakemake.params.config), results, versions)
    for path, found in reasons.items():
        log.warning("%s %s", path, found)
        print(f"{path} {found}")
    listed = results / LISTED
    listed.unlink(missing_ok=True)
    said = f"{checked} files checked, {len(reasons)} would be made anew"
    if not reasons:
        print(said)
        return
    save_text(listed, "".join(f"{path}\n" for path in reasons))
    raise SystemExit(f"{said}: snakemake --forcerun $(cat {listed})")


if __name__ == "__main__":
    run_as_script(main, globals())
