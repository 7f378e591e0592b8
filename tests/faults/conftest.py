"""The tiny study, run once for all faults."""

import pytest

from tests.faults import tiny_study


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Run the tiny study once; return its folder."""
    folder = tiny_study.make(tmp_path_factory.mktemp("finished") / "study")
    said = tiny_study.run(folder)
    assert said.returncode == 0, said.stderr[-3000:]
    return folder
