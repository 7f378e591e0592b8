"""Two checkouts that share an environment: each runs its own code."""

import os
import subprocess
import sys

from tests.workflow.conftest import REPOSITORY

TARGET = "results/data/szt_hard.npz"


def test_a_clone_runs_its_own_code_whatever_is_installed(clone):
    for module in ("planning", "files"):
        path = clone / f"src/pipeline/{module}.py"
        mark = f'\nimport sys as _sys\nprint("{module} of the clone", file=_sys.stderr)\n'
        path.write_text(path.read_text() + mark)
    # As if the other checkout were installed in the environment.
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    said = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", TARGET],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-3000:]
    assert "planning of the clone" in said.stderr
    assert "files of the clone" in said.stderr
