"""The stage that packs a run: the profile's entities, every file's checksum, the same bytes."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from tests.support import stand_in
from write_crate import METADATA, PROFILES, main

PROJECT = {"name": "some study", "description": "What it is about", "license": "MIT"}
VERSIONS = "{'python': '3.11.7', 'numpy': '2.4.6', 'snakemake': '9.27.1'}"
LINE = f"2026-11-26 05:13:03,710 INFO threads 1, versions {VERSIONS}, commit "
FILES = {
    "configuration": ["results/config.yaml"],
    "claims": ["results/claims.tsv", "results/claims.json"],
    "figures": ["results/figures/szt_2.svg", "results/figures/szt_2.png"],
    "tables": ["results/tables/audit.tsv", "results/tables/information.parquet"],
    "page": "results/report/index.html",
    "code": ["workflow/Snakefile", "src/some_stage.py"],
}
ALL = [name for names in FILES.values() for name in ([names] if isinstance(names, str) else names)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return the folder of a small finished run, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ALL:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"what is in {name}\n")
    write_log("train_networks/some.log", LINE + "0123456789ab")
    write_log("judge_claims/C01.log", LINE + "0123456789ab")
    write_log("write_crate.log", LINE + "ffffffffffff")
    return tmp_path


def write_log(name, text):
    path = Path("results/logs") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"a line before\n{text}\n")


def write(target="results/crate.zip", root=".", **changed):
    params = {
        "snakefile": "workflow/Snakefile",
        "project": PROJECT,
        "root": str(Path(root).absolute()),
    }
    main(
        stand_in(
            input=FILES | changed,
            output={"crate": target},
            params=params,
            log="results/logs/write_crate.log",
        )
    )
    return Path(target)


@pytest.fixture
def crate(run, tmp_path):
    """Return the crate, read back by the library from the unpacked file."""
    with zipfile.ZipFile(write()) as archive:
        archive.extractall(tmp_path / "unpacked")
    return ROCrate(tmp_path / "unpacked")


def named(value):
    """Return the identifiers of one or several entities."""
    return [entity.id for entity in (value if isinstance(value, list) else [value])]


def test_the_profiles_entities_are_there(crate):
    root = crate.root_dataset
    assert set(named(root["conformsTo"])) == set(PROFILES)
    for name in ("name", "description", "datePublished", "license"):
        assert root[name], name
    workflow = crate.mainEntity
    assert workflow.id == "workflow/Snakefile"
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert workflow["programmingLanguage"]["name"] == "Snakemake"
    (action,) = [one for one in crate.get_entities() if one.type == "CreateAction"]
    assert named(root["mentions"]) == [action.id]
    assert action["instrument"] == workflow
    assert named(action["object"]) == ["results/config.yaml"]
    results = [name for name in ALL if name.startswith("results/") and "config" not in name]
    assert sorted(named(action["result"])) == sorted(results)
    for file in [*action["result"], *action["object"]]:
        assert file["exampleOfWork"].type == "FormalParameter"
        assert file["exampleOfWork"] in [*workflow["output"], *workflow["input"]]


def test_versions_and_commit_are_those_of_the_jobs(crate):
    workflow = crate.mainEntity
    assert workflow["version"] == ["0123456789ab"]
    used = {one["name"]: one["softwareVersion"] for one in workflow["softwareRequirements"]}
    assert used == {"python": "3.11.7", "numpy": "2.4.6", "snakemake": "9.27.1"}


def test_every_file_is_packed_and_described(crate, run):
    described = {file.id: file for file in crate.get_entities() if "File" in file.type}
    with zipfile.ZipFile("results/crate.zip") as archive:
        assert {*archive.namelist()} == {*described, METADATA} == {*ALL, METADATA}
        for name, file in described.items():
            content = archive.read(name)
            assert content == Path(name).read_bytes()
            assert file["contentSize"] == str(len(content))
            assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert described["results/claims.tsv"]["encodingFormat"] == "text/tab-separated-values"


def test_the_same_run_gives_the_same_bytes(run):
    first = write("results/one.zip").read_bytes()
    assert write("results/two.zip").read_bytes() == first


def test_a_run_of_two_commits_says_so(run):
    write_log("judge_claims/C02.log", LINE + "9999999999ab-dirty")
    with zipfile.ZipFile(write()) as archive:
        told = json.loads(archive.read(METADATA))
    (action,) = [one for one in told["@graph"] if one["@type"] == "CreateAction"]
    assert action["name"] == "Run of some study at 0123456789ab, 9999999999ab-dirty"


def test_no_log_no_crate(run):
    for folder in ("train_networks", "judge_claims"):
        shutil.rmtree(f"results/logs/{folder}")
    with pytest.raises(ValueError, match="no log of a job says with which versions"):
        write()
    assert not Path("results/crate.zip").exists()


def test_a_file_from_elsewhere_is_refused(run, tmp_path_factory):
    stray = tmp_path_factory.mktemp("elsewhere") / "claims.tsv"
    stray.write_text("x")
    with pytest.raises(ValueError, match="is neither in"):
        write(claims=[str(stray)])
