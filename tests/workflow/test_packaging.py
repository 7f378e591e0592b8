"""What is installed: a library without the workflow, a source distribution with all of it.

And what archives and catalogues are told of the project.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest
import yaml

import infoplane
from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_structure import imports

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
# Modules of the extra "workflow", by the names that code imports them under.
OF_WORKFLOW = {
    *("h5py", "jinja2", "jsonschema", "markdown_it", "matplotlib", "PIL", "pooch", "pyarrow"),
    *("pygments", "seaborn", "snakemake", "yaml"),
}
IMPORT_ALL = """
import importlib, pkgutil, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"no module {{name}}", name=name)
sys.meta_path.insert(0, Absent())
import infoplane
for module in pkgutil.walk_packages(infoplane.__path__, "infoplane."):
    importlib.import_module(module.name)
for name in infoplane.__all__:
    getattr(infoplane, name)
"""


def test_the_library_works_without_what_the_workflow_needs():
    code = IMPORT_ALL.format(absent=OF_WORKFLOW)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # pandas looks for pyarrow by itself and does without.
    assert said.returncode == 0, said.stderr[-2000:]


def test_what_the_library_imports_is_what_it_asks_for():
    asked = {line.split(">")[0] for line in PROJECT["dependencies"]}
    found = set().union(*map(imports, (REPOSITORY / "src/infoplane").rglob("*.py")))
    found -= set(sys.stdlib_module_names) | {"infoplane", "llvmlite"}  # which numba brings
    assert {name.replace("sklearn", "scikit-learn") for name in found} == asked


def test_names_at_the_top():
    assert infoplane.__version__ == PROJECT["version"]
    assert set(infoplane.__all__) <= set(dir(infoplane))
    with pytest.raises(AttributeError, match="has no attribute 'make_estimate'"):
        _ = infoplane.make_estimate


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Return the names of the files in the source distribution and in the wheel."""
    pytest.importorskip("setuptools", minversion="77", reason="pip install setuptools>=77")
    folder = tmp_path_factory.mktemp("distributions")
    ignored = shutil.ignore_patterns(
        *(
            ".git",
            ".test",
            ".venv",
            ".snakemake",
            "data",
            "results",
            "*.egg-info",
            "__pycache__",
            ".*_cache",
        )
    )
    copy = shutil.copytree(REPOSITORY, folder / "copy", ignore=ignored)
    code = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    said = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr[-2000:]
    (sdist,) = (copy / "dist").glob("*.tar.gz")
    (wheel,) = (copy / "dist").glob("*.whl")
    with tarfile.open(sdist) as packed:
        of_sdist = {name.partition("/")[2] for name in packed.getnames()}
    with zipfile.ZipFile(wheel) as packed:
        return of_sdist, set(packed.namelist())


def test_the_source_distribution_is_the_whole_study(distributions):
    of_sdist, _ = distributions
    for folder in ("benchmarks", "config", "docs", "src", "tests", "workflow"):
        files = (path for path in (REPOSITORY / folder).rglob("*") if path.is_file())
        for path in files:
            name = path.relative_to(REPOSITORY).as_posix()
            if not any(part in name for part in ("__pycache__", ".egg-info", "benchmarks/results")):
                assert name in of_sdist
    tops = ("Makefile", "environment.yml", "constraints.txt", "CITATION.cff", "CHANGELOG.md")
    assert {*tops, "README.md", "LICENSE", "pyproject.toml", "requirements.lock"} <= of_sdist


def test_the_wheel_is_the_typed_library_alone(distributions):
    _, of_wheel = distributions
    assert "infoplane/py.typed" in of_wheel
    assert {name.split("/")[0].split("-")[0] for name in of_wheel} == {"infoplane"}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("asked", "driver", "cpu"),
    [((), False, True), ((), True, False), (["TORCH=cpu"], True, True), (["TORCH=cuda"], 0, False)],
)
def test_set_up_takes_cuda_only_with_a_driver_or_when_asked(tmp_path, asked, driver, cpu):
    for program in ("make", "sh"):
        (tmp_path / program).symlink_to(shutil.which(program))
    if driver:
        (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    said = make(tmp_path, "--dry-run", "setup", f"VENV={tmp_path}/venv", *asked)
    assert said.returncode == 0, said.stderr
    assert ("download.pytorch.org/whl/cpu" in said.stdout) == cpu
    assert "-e '.[workflow,test]'" in said.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_set_up_refuses_another_build(tmp_path):
    said = make(tmp_path, "--dry-run", "setup", "TORCH=gpu", path=os.environ["PATH"])
    assert said.returncode != 0
    assert "TORCH must be cpu or cuda, not 'gpu'" in said.stderr


def make(folder, *arguments, path=None):
    """Run make in the repository with the programs of a folder alone."""
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=REPOSITORY,
        env={"PATH": path or str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_archives_are_told_what_the_project_says_of_itself():
    zenodo = json.loads((REPOSITORY / ".zenodo.json").read_text())
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert zenodo["version"] == citation["version"] == PROJECT["version"]
    assert zenodo["title"] == citation["title"]
    assert zenodo["license"].upper() == citation["license"] == PROJECT["license"]
    assert zenodo["keywords"] == PROJECT["keywords"]
    names = [author["name"] for author in PROJECT["authors"]]
    assert [creator["name"] for creator in zenodo["creators"]] == names
    assert [author["name"] for author in citation["authors"]] == names
    cited = [entry.get("journal", "") for entry in citation["references"]]
    for related in zenodo["related_identifiers"]:
        assert related["identifier"] in cited


def test_the_catalogue_finds_the_standard_form():
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    assert usage["report"] is True
    for file in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "README.md"):
        assert (REPOSITORY / file).is_file()


@pytest.mark.skipif(not (REPOSITORY / ".test").exists(), reason="not in source distributions")
def test_the_test_folder_has_the_projects_own_code_and_configuration():
    for name in ("config", "src"):
        assert (REPOSITORY / ".test" / name).resolve() == (REPOSITORY / name).resolve()
    command = "snakemake --cores 2 --directory .test --configfile config/smoke.yaml"
    assert command in (REPOSITORY / ".test/README.md").read_text()
