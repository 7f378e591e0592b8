"""The README: its table is the published run's, its links lead somewhere, its commands exist."""

import importlib.util
import re

from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import CONFIG

README = (REPOSITORY / "README.md").read_text()


def gallery():
    spec = importlib.util.spec_from_file_location("gallery", REPOSITORY / "docs/gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_of_claims_is_that_of_the_published_run():
    module = gallery()
    table = module.claims_table(module.read_rows(REPOSITORY / "docs/gallery/claims.tsv"))
    assert module.fill(README, "claims", table) == README
    assert table.count("\n") > 10


def test_links_and_pictures_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (REPOSITORY / link).exists(), link


def test_commands_of_make_exist():
    makefile = (REPOSITORY / "Makefile").read_text()
    commands = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert len(commands) > 3
    for command in commands:
        assert f"\n{command}:" in makefile, command


def test_every_claim_of_the_configuration_is_in_the_table():
    for claim in CONFIG["claims"]:
        assert f"**{claim}**" in README, claim
