"""What tests of several folders share: the small study, which is run once."""

import pytest

from tests.workflow.conftest import SMOKE, copy_repository, snakemake


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Run the small study, its page and its report in a copy with no results; return them."""
    clone = copy_repository(tmp_path_factory.mktemp("smoke"))
    for targets in ([], ["report"]):
        said = snakemake(clone, "--cores", "2", *targets, *SMOKE)
        assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-5000:]
    return clone / "results/smoke"
