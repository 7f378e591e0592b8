"""The page on extending the study is true: its blocks, written to their files, run."""

import re

import pytest
import yaml

from pipeline.files import load_table
from tests.workflow.conftest import REPOSITORY, SMOKE, copy_repository, snakemake

# One process runs the examples for all tests on them.
pytestmark = pytest.mark.xdist_group("examples")

PAGE = (REPOSITORY / "docs/extending.md").read_text()
BLOCKS = dict(
    re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
)
MINE = [name for name in BLOCKS if name.endswith(".yaml")]
# Short trainings, and the small study's other settings.
SHORT = {"defaults": {"epochs": 20, "snapshots": 5}}
TABLES = (
    "information/szt_residual/binned_everywhere",
    "information/saxe_relu/active_units",
    "small_weights/szt_tanh/small_weights",
)
RESULTS = "results/smoke"


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """Return a copy of the repository with every example of the page, and what ran in it."""
    clone = copy_repository(tmp_path_factory.mktemp("extending"))
    for name, text in BLOCKS.items():
        assert not (clone / name).exists(), f"{name} of the page is there already"
        (clone / name).write_text(text)
    (clone / "short.yaml").write_text(yaml.safe_dump(SHORT))
    said = snakemake(
        clone,
        *("--cores", "2", *SMOKE, "short.yaml", *MINE, "--"),
        *("plot_parity", "plot_small_weights"),
        *(f"{RESULTS}/tables/{table}.parquet" for table in TABLES),
        *(f"{RESULTS}/claims/{claim}.tsv" for claim in ("C98", "C99")),
    )
    assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-5000:]
    return clone


def test_every_kind_of_thing_has_an_example():
    folders = {name.rpartition("/")[0] for name in BLOCKS if name.endswith(".py")}
    library = {"tasks", "networks", "estimators", "measures", "claims/statistics"}
    assert folders == {"src/figures", *(f"src/infoplane/{wing}" for wing in library)}
    assert len(BLOCKS["src/infoplane/tasks/parity.py"].splitlines()) < 30
    # What has no file is a command.
    assert len(re.findall(r"^```\w+$", PAGE, re.MULTILINE)) == len(BLOCKS) + 1


def test_examples_make_their_tables(extended):
    tables = {name: load_table(extended / f"{RESULTS}/tables/{name}.parquet") for name in TABLES}
    residual, active, small = (table.to_pandas() for table in tables.values())
    assert residual["layer"].max() == 3
    assert set(active["estimator"]) == {"active_units"}
    # At most a bit a unit.
    assert active.groupby("layer")["mi_input_bits"].max()[6] <= 2
    assert list(small) == ["run", "init", "epoch", "layer", "share", "samples", "status"]
    assert small["share"].between(0, 1).all()
    assert small["share"].nunique() > 10


@pytest.mark.parametrize(
    ("claim", "statistic"),
    [("C98", "drop of I(X;T) after its peak, mean, T5, bits"), ("C99", "share of networks where")],
)
def test_examples_of_claims_are_judged(extended, claim, statistic):
    header, *rows = (extended / f"{RESULTS}/claims/{claim}.tsv").read_text().splitlines()
    (row,) = (dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows)
    assert row["statistic"].startswith(statistic)
    assert row["verdict"] in ("supported", "refuted", "inconclusive")


@pytest.mark.parametrize("figure", ["parity", "small_weights"])
def test_examples_of_figures_are_drawn(extended, figure):
    assert (extended / f"{RESULTS}/figures/{figure}.svg").stat().st_size > 5000
