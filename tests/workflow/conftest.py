"""Copies of the repository to run the workflow in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COPIED = ("config", "src", "workflow", "docs", "environment.yml", "pyproject.toml")
SMOKE = ("--configfile", "config/smoke.yaml")


@pytest.fixture
def clone(tmp_path):
    """Return a copy of what the workflow needs, with no results."""
    return copy_repository(tmp_path / "clone")


@pytest.fixture(scope="session")
def everything_planned(tmp_path_factory):
    """Return what a dry run says of all that can be asked for; use it in the group "plan"."""
    folder = copy_repository(tmp_path_factory.mktemp("planned") / "clone")
    targets = "all", "szt", "saxe", "images", "claims", "page", "report", "crate", "verify"
    files = "plot_szt_4", "results/claims.json", "results/report/index.html"
    how = "--cores", "8", "--dry-run", "--forceall", "--printshellcmds"
    said = snakemake(folder, *targets, *files, *how)
    assert said.returncode == 0, said.stderr[-3000:]
    return said.stdout + said.stderr


def copy_repository(target: Path) -> Path:
    """Copy what the workflow needs; what is compiled of it is shared, and compiled once.

    Kernels are named by their sources, and bytecode by the time of its own: an edit of a copy
    reaches no other one.
    """
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("*.egg-info", "gallery", "__pycache__")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    for folder in [path.parent for path in (target / "src").rglob("__init__.py")]:
        compiled = REPOSITORY / folder.relative_to(target) / "__pycache__"
        compiled.mkdir(exist_ok=True)
        (folder / "__pycache__").symlink_to(compiled)
    return target


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Snakemake in a folder as a user would, and return what it says."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    # As make calls it: the environment's programs are not on the path.
    programs = str(Path(sys.executable).parent)
    folders = environment["PATH"].split(os.pathsep)
    environment["PATH"] = os.pathsep.join(name for name in folders if name != programs)
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
