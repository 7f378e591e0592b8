"""What is installed, against what is pinned."""

import re

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


def test_the_lock_has_the_pins_and_a_hash_of_each_but_of_pytorch():
    pins = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pinned = {line.lower() for line in pins if "==" in line}
    entries = re.split(r"\n(?=\S)", (REPOSITORY / "requirements.lock").read_text())
    locked = [entry for entry in entries if not entry.startswith("#")]
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in locked)
    versions_of = {entry.split()[0].lower() for entry in locked}
    assert {name.replace("_", "-") for name in versions_of} == {
        name.replace("_", "-") for name in pinned if not name.startswith("torch==")
    }
