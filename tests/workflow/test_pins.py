"""What is installed, against what is pinned."""

from pipeline.pins import other_versions
from pipeline.stage import versions
from tests.workflow.conftest import REPOSITORY


def test_another_version_is_named_and_a_build_of_the_same_is_not(tmp_path):
    pins = tmp_path / "constraints.txt"
    pins.write_text("# pinned\nnumpy==2.4.6\ntorch==2.13.0 ; python_version > '3'\n")
    installed = {"python": "3.11", "numpy": "2.3.0", "torch": "2.13.0+cpu", "scipy": "1.0"}
    assert list(other_versions(pins, installed)) == ["numpy 2.3.0, pinned is 2.4.6"]
    assert list(other_versions(tmp_path / "missing.txt", installed)) == []


def test_what_computes_is_pinned():
    pinned = (REPOSITORY / "constraints.txt").read_text()
    for name in set(versions()) - {"python"}:
        assert f"\n{name}==" in pinned
