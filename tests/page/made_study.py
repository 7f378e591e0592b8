"""A made-up study that is small enough to build its page in a second, with traps in its names."""

import json

import numpy as np
import pandas as pd

import build_page
from page.scorecard import NEEDED
from pipeline.files import save_table
from tests.stages import synthetic_study
from tests.support import stand_in
from tests.workflow.conftest import REPOSITORY

TEMPLATE = REPOSITORY / "workflow/report/page/index.html.j2"
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40">
<circle cx="40" cy="20" r="15"/><script>parent.document.title = "taken"</script></svg>
"""
CLAIMS = """claims:
  # The reason for the threshold.
  C01:
    statistic: drop_and_share
    threshold: 1

  C02: {statistic: none}
"""
COSTS = {"judge_claims/C01": 3, "plot_szt_3": 4, "train_networks/tanh/000-007": 120}
COSTS |= {"estimate_information/tanh/bins/000-007": 60}
ROWS = {
    "claim": ["C01", "C01", "C01", "C02"],
    "statement": ["Layers compress"] * 3 + ["<script>alert('taken')</script>"],
    "side": ["szt"] * 3 + ["saxe"],
    "condition": ["tanh", "tanh", "<b>relu</b>", "tanh"],
    "source": ["SZT fig. 3; SAXE fig. 5"] * 3 + ["Chelombiev et al. (2019)"],
    "estimator": ["first", "all", "first", "first"],
    "estimate": ["1.23456", "", "-0.5", "inf"],
    "ci_low": ["1.1", "", "-0.75", "10"],
    "ci_high": ["1.4", "", "-0.25", "inf"],
    "threshold": ["1", "1", "1", "20"],
    "direction": ["at_least"] * 3 + ["above"],
    "inits": ["3", "3", "3", "3"],
    "verdict": ["supported", "inconclusive", "refuted", "inconclusive"],
    "null": ["0.01 [0, 0.02]", "", "", ""],
    "warning": ["at its ceiling", "", "", ""],
    "holds_from": ["-inf", "", "-0.25", "10"],
    "holds_to": ["1.1", "", "inf", "inf"],
    "q_value": ["0.01", "", "0.02", ""],
}


def save_tables(folder):
    """Write a study's verdicts, details, planes and audit; return what the stage is given."""
    synthetic_study.save_study(folder)
    table = pd.DataFrame(ROWS).reindex(columns=list(NEEDED), fill_value="")
    table.to_csv(folder / "claims.tsv", sep="\t", index=False, lineterminator="\n")
    details = [
        {key: row[key] for key in ("claim", "condition", "estimator", "reading")}
        | {
            "details": {
                "initialisations": [0, 1, 2],
                "values": [[1.1], [1.2], [None]],
                "diverged": [],
                "conditions": [],
                "premises": [],
            }
        }
        for row in table.to_dict("records")
    ]
    (folder / "claims.json").write_text(json.dumps(details))
    audit = pd.read_csv(folder / "audit.tsv", sep="\t")
    audit = audit.assign(task="some <i>task</i>", truth_bits=2.0)
    audit.to_csv(folder / "audit.tsv", sep="\t", index=False)
    for name, seconds in COSTS.items():
        path = folder / f"benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t0\n")
    (folder / "szt_3.svg").write_text(DRAWING)
    (folder / "claims.yaml").write_text(CLAIMS)
    return {
        "claims": str(folder / "claims.tsv"),
        "details": str(folder / "claims.json"),
        "information": synthetic_study.paths_of(folder, "information"),
        "metrics": [save_curves(folder)],
        "gradients": synthetic_study.paths_of(folder, "gradients", ["tanh"]),
        "audit": str(folder / "audit.tsv"),
        "figures": [str(folder / "szt_3.svg")],
        "method": str(REPOSITORY / "docs/method.md"),
        "glossary": str(REPOSITORY / "docs/glossary.md"),
        "configuration": [str(folder / "claims.yaml")],
        "statistics": sorted(
            map(str, (REPOSITORY / "src/infoplane/claims/statistics").glob("*.py"))
        ),
        "template": [str(TEMPLATE)],
    }


def save_curves(folder):
    """Write learning curves of two networks that finished and one that diverged."""
    epochs = np.tile([0, 1, 10], 3)
    rows = {
        "run": ["tanh"] * 9,
        "init": np.repeat([0, 1, 2], 3),
        "epoch": epochs,
        "status": ["ok"] * 6 + ["diverged"] * 3,
        "train_loss": np.repeat([0.25, 0.5, np.nan], 3),
        "test_loss": np.repeat([0.5, 0.75, np.nan], 3),
        "train_accuracy": np.repeat([0.75, 1.0, 0.0], 3) - 0.01 * epochs,
        "test_accuracy": np.repeat([0.5, 1.0, 0.0], 3),
    }
    save_table(folder / "metrics.parquet", rows)
    return str(folder / "metrics.parquet")


def build(folder, **changes):
    """Build the page of tables, some of them changed; return its text."""
    tables = save_tables(folder) | changes
    page = folder / "report/index.html"
    build_page.main(
        stand_in(
            input=tables,
            output={"page": str(page)},
            params={
                "planes": {"tanh": ["first", "third"], "relu": ["first"]},
                "claims": {
                    "C01": {
                        "statistic": "drop_and_share",
                        "units": {"bits": "bits", "share": "share"},
                        "runs": ["tanh"],
                        "files": ["tables/information/tanh/bins.parquet"],
                    }
                },
                "figures": {
                    "szt_3": figure("szt", "3", "tables/information/tanh/bins.parquet"),
                    "saxe_1": figure("saxe", "1", "tables/information/other/bins.parquet"),
                },
                "trained_by": {},
                "overriding": [],
            },
        )
    )
    return page.read_text(encoding="utf-8")


def figure(paper, number, file):
    """Return what the page is told of a figure."""
    return {
        "paper": paper,
        "number": number,
        "shows": "paths of <b>layers</b>",
        "drawing": "planes",
        "paper_name": f"The paper of {paper}",
        "expects": "SZT expect a turn.",
        "how_to_read": "A path a layer.",
        "runs": ["tanh"],
        "files": [file],
    }
