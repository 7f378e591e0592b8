"""Claims on saturation: along training, over networks, and where it has been taken away."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from infoplane.claims.along_training import cross_correlations, mean_of_others
from infoplane.claims.evidence import ClaimError
from infoplane.claims.judging import judge
from tests.unit.claim_tables import (
    EPOCHS,
    FLAT,
    RISE,
    RISE_AND_FALL,
    claim,
    evidence,
    on,
    planes,
    tidy,
)


def saturation(run, shares, epochs=EPOCHS):
    """Lay out arrays of shape (inits, epochs, layers) as a table of saturation."""
    table = tidy(run, "", shares, epochs=epochs)
    kept = ["run", "init", "epoch", "layer", "status"]
    return table[kept].assign(share_saturated=table["mi_input_bits"])


def judged(name, inputs, shares, **changes):
    found = evidence(tidy("r", "e", inputs), saturation=saturation("r", shares))
    (row,) = judge(claim(name, judged_on=on(["r"]), overall=False, **changes), found)
    return row


def walks(inits, seed=0, layers=2):
    """Return paths of I(X;T) that share a fall, each with steps of its own."""
    generator = np.random.default_rng(seed)
    steps = generator.normal(size=(inits, EPOCHS.size, layers)).cumsum(axis=1)
    return 20.0 - np.arange(EPOCHS.size)[None, :, None] - steps


def test_information_that_a_networks_own_saturation_takes():
    inputs = walks(12)
    row = judged("C17", inputs, -inputs)
    assert row["estimate"] == pytest.approx(1)
    (condition,) = row["details"]["conditions"]
    # Every network's steps are its own, so that others tell less.
    assert 0.05 < condition["estimate"] < 1
    assert row["verdict"] == "supported"


def test_a_trend_that_all_networks_share_is_no_support():
    """Information and saturation both follow time alone: the correlation is 1, its excess 0."""
    fall = np.broadcast_to(-np.arange(6.0)[None, :, None], (12, 6, 2))
    row = judged("C17", fall, -fall)
    assert row["estimate"] == pytest.approx(1)
    (condition,) = row["details"]["conditions"]
    assert condition["estimate"] == pytest.approx(0)
    assert row["verdict"] == "refuted"


def test_information_that_rises_with_saturation_refutes():
    inputs = walks(12)
    row = judged("C17", inputs, inputs)
    assert row["estimate"] == pytest.approx(-1)
    assert row["verdict"] == "refuted"


def test_the_layer_that_follows_least_decides():
    inputs, shares = walks(12, layers=3), -walks(12, layers=3)
    shares[:, :, 1] *= -1
    row = judged("C17", inputs, shares, parameters={"layers": "hidden", "least_excess": 0.0})
    assert row["estimate"] == pytest.approx(-1)
    # Layer by layer; the output is not hidden.
    np.testing.assert_allclose(row["details"]["values"], np.tile([1.0, -1.0], (12, 1)))


def test_saturation_at_more_snapshots_and_of_more_networks_is_looked_up():
    inputs, shares = walks(12), -walks(12)
    kept, every = slice(0, 6, 2), saturation("r", shares)
    table = tidy("r", "e", inputs[:7, kept], epochs=EPOCHS[kept])
    asked = claim("C17", judged_on=on(["r"]), overall=False)
    (row,) = judge(asked, evidence(table, saturation=every))
    assert row["inits"] == 7
    assert row["estimate"] == pytest.approx(1)
    for left_out, message in (
        (every["epoch"] != EPOCHS[2], rf"lacks the epochs \[{EPOCHS[2]}\]"),
        (every["init"] != 3, r"lacks the inits \[3\]"),
        (every["layer"] != 1, r"lacks the layers \[1\]"),
    ):
        with pytest.raises(ClaimError, match=f"claim C17: saturation of run 'r' {message}"):
            judge(asked, evidence(table, saturation=every[left_out]))
    with pytest.raises(ClaimError, match="there is no table of saturation of run 'r'"):
        judge(asked, evidence(table))


def test_correlations_of_all_pairs_are_those_of_scipy():
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, 5, (2, 4, 9)).astype(float)
    found = cross_correlations(first, second)
    for place in np.ndindex(4, 4):
        expected = spearmanr(first[place[0]], second[place[1]]).statistic
        assert found[place] == pytest.approx(expected, abs=1e-12)
    # What never varies follows nothing.
    assert cross_correlations(np.ones((1, 9)), second).tolist() == [[0.0] * 4]


def test_mean_of_others_by_hand():
    every = np.array([[9.0, 1.0, 2.0], [3.0, 9.0, 5.0], [0.0, 1.0, 9.0]])
    assert mean_of_others(every).tolist() == [1.5, 4.0, 0.5]
    assert mean_of_others(every[:1, :1]).tolist() == [9.0]


@pytest.mark.parametrize(("sign", "verdict"), [(1, "supported"), (-1, "refuted")])
def test_networks_that_drop_more_saturate_more_or_less(sign, verdict):
    depths = np.linspace(1, 3, 12)
    inputs = depths[:, None, None] * np.array([0.0, 1, 2, 2, 1, 0])[None, :, None] * [1.0, 0.0]
    final = 0.5 + sign * 0.1 * depths
    shares = np.zeros((12, 6, 2))
    shares[:, -1, 0] = final
    row = judged("C37", inputs, shares)
    assert row["estimate"] == pytest.approx(sign)
    assert row["verdict"] == verdict
    drops, saturated = np.transpose(row["details"]["values"])
    # The drop net of noise is in proportion to the path; see unselected_peak for by how much.
    np.testing.assert_allclose(drops / depths, drops[0] / depths[0])
    np.testing.assert_allclose(saturated, final)


@pytest.mark.parametrize(
    ("own", "left", "ratio", "verdict"),
    [
        (RISE, 0.0, 0.0, "supported"),
        (RISE_AND_FALL, 0.0, 1.0, "refuted"),
        # Saturation was not taken away, so that nothing follows.
        (RISE, 0.5, 0.0, "inconclusive"),
    ],
)
def test_what_is_left_of_the_drop(own, left, ratio, verdict):
    tables = [
        tidy("r", "e", planes(12, RISE, own, FLAT)),
        tidy("s", "e", planes(12, RISE, RISE_AND_FALL, FLAT)),
    ]
    shares = {"r": left, "s": 0.8}
    saturated = [saturation(run, np.full((12, 6, 3), share)) for run, share in shares.items()]
    together = pd.concat(saturated)
    pairs = [{"pairs": [{"run": "r", "reference": "s"}], "estimators": ["e"]}]
    asked = claim("C36", judged_on=pairs, overall=False)
    (row,) = judge(asked, evidence(*tables, saturation=together))
    assert row["condition"] == "r vs s"
    assert row["estimate"] == pytest.approx(ratio, abs=0.05)
    assert [premise["estimate"] for premise in row["details"]["premises"][1:]] == [
        pytest.approx(left),
        pytest.approx(0.8),
    ]
    assert row["verdict"] == verdict
