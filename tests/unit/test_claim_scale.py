"""Claim C88 on made-up layers whose information follows their scale, or not."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from infoplane.claims.entries import read_claim
from infoplane.claims.judging import judge
from tests.unit.claim_tables import EPOCHS, evidence, on, tidy

CONFIG = Path(__file__).parents[2] / "config/transformers.yaml"
CLAIM = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["claims"]["C88"]
INITS = 8
UP = np.array([0.1, 0.2, 0.5, 1.0, 2.5, 3.0])


def judged(bits, deviations):
    return judged_planes(tidy("r", "e", of_one_layer(bits)), deviations)


def of_one_layer(values):
    return np.broadcast_to(values, (INITS, EPOCHS.size))[:, :, None]


def judged_planes(planes, deviations):
    scales = tidy("r", "e", of_one_layer(deviations))
    scales = scales.rename(columns={"mi_input_bits": "deviation"})
    scales = scales.drop(columns=["estimator", "mi_label_bits"])
    changes = {"judged_on": on(["r"]), "parameters": {"layers": "all", "least_excess": 0.0}}
    entry = read_claim("C88", CLAIM | changes)
    return judge(entry, evidence(planes, activation_scale=scales))[0]


def test_information_that_follows_the_own_scale_supports():
    draws = np.random.default_rng(0)
    deviations = np.stack([draws.permutation(UP) for _ in range(INITS)])
    row = judged(np.log2(1 + deviations), deviations)
    assert row["estimate"] == pytest.approx(1.0)
    assert row["verdict"] == "supported"


def test_information_that_falls_while_the_layer_grows_refutes():
    draws = np.random.default_rng(1)
    deviations = np.stack([draws.permutation(UP) for _ in range(INITS)])
    row = judged(3 - np.log2(1 + deviations), deviations)
    assert row["estimate"] == pytest.approx(-1.0)
    assert row["verdict"] == "refuted"


def test_growth_that_all_networks_share_tells_nothing_of_any():
    assert judged(UP, UP)["verdict"] != "supported"


def test_layers_at_their_ceiling_leave_it_open():
    draws = np.random.default_rng(2)
    deviations = np.stack([draws.permutation(UP) for _ in range(INITS)])
    bits = 12.0 - 1e-9 * draws.random(deviations.shape)
    planes = tidy("r", "e", bits[:, :, None]).assign(ceiling_bits=12.0)
    row = judged_planes(planes, deviations)
    assert row["verdict"] == "inconclusive"
    assert "ceiling" in row["failed"]
