"""Claims C61 and C62 on made-up layers that collapse, or not."""

import numpy as np
import pytest

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.statistics import Resampling
from tests.unit.claim_tables import EPOCHS, arranged, claim, evidence, on, tidy

INITS = 8
DOWN = np.array([3.0, 2.5, 1.0, 0.5, 0.2, 0.1])


def collapse(within, angles=0.01, permuted=None):
    """Return a table of one layer's NC1, shape (inits, epochs), and NC2 as it is everywhere."""
    within = np.broadcast_to(within, (INITS, EPOCHS.size))[:, :, None]
    table = tidy("r", "", within).drop(columns=["estimator", "mi_label_bits"])
    table = table.rename(columns={"mi_input_bits": "within_over_between"})
    table["permuted_within_over_between"] = np.ravel(
        np.ones(within.shape) if permuted is None else np.broadcast_to(permuted, within.shape[:2])
    )
    return table.assign(angle_error=angles, norm_variation=0.0)


def judged_fall(table):
    tables = {"neural_collapse": arranged(table, None)}
    entry = claim(
        "C61", judged_on=[{"runs": ["r"]}],
        parameters={"layers": "all", "largest_angle_error": 0.1},
    )  # fmt: skip
    (row,) = judge(entry, Evidence(tables, Resampling(400)))
    return row


def test_c61_decades_of_the_fall_and_of_permuted_labels():
    row = judged_fall(collapse(DOWN, permuted=DOWN**0.5))
    assert row["estimate"] == pytest.approx(np.log10(30))
    assert float(row["null"].split()[0]) == pytest.approx(np.log10(30) / 2, rel=1e-3)
    assert row["verdict"] == "supported"


@pytest.mark.parametrize("table", [collapse(DOWN, angles=0.5), collapse(DOWN[::-1]), collapse(1.0)])
def test_c61_is_refuted_by_layers_that_do_not_collapse_or_to_no_simplex(table):
    assert judged_fall(table)["verdict"] == "refuted"


def test_c61_dead_layers_are_left_out():
    table = collapse(DOWN)
    table.loc[table["init"] == 3, "within_over_between"] = np.nan
    assert judged_fall(table)["details"]["initialisations"] == [0, 1, 2, 4, 5, 6, 7]


def judged_course(bits, within):
    planes = tidy("r", "e", np.broadcast_to(bits, (INITS, EPOCHS.size))[:, :, None])
    parameters = {"layers": "all", "least_excess": 0.0}
    entry = claim("C62", judged_on=on(["r"]), parameters=parameters)
    return judge(entry, evidence(planes, neural_collapse=collapse(within)))[0]


def test_c62_own_paths_that_move_together():
    # Each network falls in an order of its own, so that others tell less of it.
    draws = np.random.default_rng(0)
    within = np.stack([draws.permutation(DOWN) for _ in range(INITS)])
    row = judged_course(2 * within + 1, within)
    assert row["estimate"] == pytest.approx(1.0)
    assert row["verdict"] == "supported"


def test_c62_paths_that_all_networks_share_tell_nothing_of_any():
    assert judged_course(2 * DOWN + 1, DOWN)["verdict"] != "supported"


def test_c62_a_layer_that_collapses_and_keeps_its_information_refutes():
    assert judged_course(np.full(EPOCHS.size, 10.8), DOWN)["estimate"] == 0


def test_c62_needs_the_collapse_of_every_network():
    planes = tidy("r", "e", np.ones((INITS + 1, EPOCHS.size, 1)))
    entry = claim("C62", judged_on=on(["r"]), parameters={"layers": "all", "least_excess": 0.0})
    with pytest.raises(ClaimError, match=r"neural_collapse of run 'r' lacks the inits \[8\]"):
        judge(entry, evidence(planes, neural_collapse=collapse(DOWN)))
