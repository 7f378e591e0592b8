"""The small study from an empty folder to its report, as a user runs it."""

import csv
import re

import pytest
import yaml

from pipeline.files import load_table
from tests.workflow.conftest import SMOKE, snakemake
from tests.workflow.test_configuration import FILES, merged

# One process runs the small study for all tests on it.
pytestmark = pytest.mark.xdist_group("study")

COLUMNS = [
    *("claim", "source", "statement", "side", "protocol", "condition", "estimator", "reading"),
    *("statistic", "estimate", "ci_low", "ci_high", "threshold", "direction", "inits", "verdict"),
    *("failed", "null", "warning", "holds_from", "holds_to", "p_value"),
    *("q_value", "corrected_verdict"),
]
KEYS = ("claim", "condition", "estimator", "reading")
STUDIED = merged(*FILES, SMOKE[1])
# Verdicts that five short trainings must give, by `KEYS`: clear at any size of the study.
CLEAR = {
    **{
        ("C01", run, estimator, "bits"): "supported"
        for run in ("szt_tanh_full_batch", "saxe_tanh", "saxe_sgd_tanh")
        for estimator in ("binned_30", "binned_100_global")
    },
    **{
        ("C03", run, "binned_30", ""): "supported"
        for run in ("szt_tanh", "szt_tanh_full_batch", "saxe_tanh")
    },
    # Over single samples the mean of the gradients stays far below their deviation.
    **{
        ("C06", run, "saxe_sample", ""): "refuted"
        for run in ("szt_tanh", "szt_tanh_full_batch", "saxe_relu", "saxe_sgd_tanh")
    },
    **{
        ("C27", run, definition, "as_measured"): verdict
        for run in ("orhan_digits_tanh", "szt_tanh", "saxe_tanh", "saxe_relu", "saxe_sgd_tanh")
        for definition, verdict in (("saxe_sample", "supported"), ("szt_first", "refuted"))
    },
    # Values beyond 1 pile up in the end bin: bits that bins on the whole range keep.
    ("C12", "saxe_relu", "binned_30_end_bins", ""): "supported",
    ("C15", "minimal", "exact", ""): "supported",
    # softsign saturates at infinity only, and still loses bits by bins that follow its range.
    ("C16", "saxe_softsign", "binned_100_global", "little"): "refuted",
    # Exact information of linear networks grows with their weights, and so does that of a chain.
    **{
        ("C18", model, "exact", ""): "supported"
        for model in ("linear_as_stated", "linear_more_samples", "linear_deep")
    },
    ("C48", "scalar_chain", "exact", ""): "refuted",
    # Noise in the teacher's labels is learnt from the irrelevant inputs.
    ("C21", "linear_irrelevant_noisy", "exact", ""): "refuted",
    ("C25", "szt_tanh", "binned_30", "input"): "supported",
    ("C25", "saxe_relu", "binned_30_global", "input"): "refuted",
    # Two networks that bins tell apart: one bit of H(T) says which of them was drawn.
    **{("C31", run, "copies_3", ""): "supported" for run in ("skoltech_4", "skoltech_4_published")},
    # As published the rule stops at its first check, of networks that have hardly begun to learn.
    **{
        ("C32", run, "binned_100_global", "published"): "refuted"
        for run in ("saxe_tanh", "saxe_relu", "szt_committee", "digits_tanh", "digits_relu")
    },
    # Bins that follow a layer's scale see it lose as much where it is held from saturating.
    ("C36", "saxe_tanh_unsaturated vs saxe_tanh", "adaptive_30", ""): "refuted",
    # Bounds on an error that lie above 1 say nothing.
    **{
        ("C83", model, "exact", "best_lambda"): "refuted"
        for model in ("variational_normal_prior", "variational_additive")
    },
    # Images that differ go through a bijection.
    **{
        ("C85", "digits_invertible", estimator, ""): "supported"
        for estimator in ("machine_precision", "binned_100_global", "binned_width_0.07")
    },
}


def verdicts(path) -> dict[tuple[str, ...], str]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert list(rows[0])[: len(COLUMNS)] == COLUMNS
    assert {row["verdict"] for row in rows} <= {"supported", "refuted", "inconclusive"}
    return {tuple(row[key] for key in KEYS): row["verdict"] for row in rows}


def test_nothing_is_left_to_do(study):
    said = snakemake(study.parents[1], "--cores", "2", "--dry-run", *SMOKE)
    assert "Nothing to be done" in said.stdout + said.stderr


def test_full_results_are_not_touched(study):
    assert [path.name for path in study.parent.iterdir()] == ["smoke"]


@pytest.mark.parametrize("case", CLEAR)
def test_clear_verdicts_do_not_flip(study, case):
    assert verdicts(study / "claims.tsv")[case] == CLEAR[case]


def test_tables_have_the_columns_that_others_rely_on(study):
    columns = {
        "information": ["mi_input_bits", "mi_label_bits"],
        "gradients": ["mean_norm", "std_norm", "snr", "weight_norm"],
        "metrics": ["train_loss", "test_loss", "train_accuracy", "test_accuracy"],
    }
    for name, own in columns.items():
        table = load_table(study / f"tables/{name}.parquet")
        assert {"run", "init", "epoch", "status", *own} <= set(table.column_names)
        assert set(table["status"].unique().to_pylist()) <= {"ok", "diverged"}
    assert set(load_table(study / "tables/metrics.parquet")["run"].unique().to_pylist()) == set(
        STUDIED["runs"]
    )


def test_every_figure_is_drawn_and_activations_are_gone(study):
    for figure in STUDIED["figures"]:
        for kind in ("svg", "png"):
            assert (study / f"figures/{figure}.{kind}").stat().st_size > 10_000
    assert not list((study / "activations").rglob("*.h5"))


def test_first_layers_stay_at_the_ceiling_and_the_last_hidden_one_falls(study):
    table = load_table(
        study / "tables/information.parquet",
        filters=[("run", "=", "saxe_tanh"), ("estimator", "=", "binned_30")],
    ).to_pandas()
    mean = table.groupby(["layer", "epoch"])["mi_input_bits"].mean()
    assert mean[1].min() > 11.9
    assert mean[2].min() > 11.8
    assert mean[5].max() - mean[5].iloc[-1] > 2
    assert mean[5].idxmax() < 1000


def test_report_holds_figures_captions_and_claims(study):
    report = (study / "report.html").read_text()
    assert 1_000_000 < len(report) < 90_000 * len(STUDIED["figures"])
    assert "report/index.html" in report
    for words in ("Shwartz-Ziv", "claims.tsv", "szt_2.png", "saxe_5.png", "plot_saxe_20"):
        assert words in report
    assert not re.search(r"<script[^>]+src=[\"']https?:", report)


def test_configuration_is_kept_beside_the_results(study):
    assert yaml.safe_load((study / "config.yaml").read_text()) == STUDIED


def test_logs_tell_the_versions(study):
    log = next((study / "logs/train_networks").rglob("*.log")).read_text()
    assert "'numpy':" in log
    assert "commit" in log
