"""Networks that complete a matrix after another one: their slopes, their courses, the claim.

Slopes agree with automatic differentiation to 1e-10, roundings of sums of a few hundred numbers.
"""

import numpy as np
import pytest
import torch

from infoplane.claims.evidence import ClaimError, Evidence
from infoplane.claims.judging import judge
from infoplane.models import make_model
from infoplane.statistics import Resampling
from tests.unit.claim_tables import claim

SETTINGS = {
    "depth": 3,
    "dimension": 8,
    "first_rank": 3,
    "rank": 1,
    "observed": 40,
    "switches": [0, 40, 10],
    "steps": 60,
    "learning_rate": 0.5,
    "initial_scale": 0.1,
    "initialisations": 2,
    "seed": 3,
}


def completion(**changes):
    return make_model("matrix_completion", **SETTINGS | changes)


def by_torch(model, init, switch, steps):
    """Train one network by automatic differentiation; return its product."""
    first = torch.tensor(model.matrix(init, "first", model.first_rank))
    second = torch.tensor(model.matrix(init, "second", model.rank))
    order = model.generator(init, "observed").permutation(model.dimension**2)
    rows, columns = np.divmod(order[: model.observed], model.dimension)
    draws = model.generator(init, "weights")
    deviation = model.initial_scale ** (1 / model.depth) / model.dimension**0.5
    factors = [
        torch.tensor(deviation * draws.normal(size=first.shape), requires_grad=True)
        for _ in range(model.depth)
    ]
    for matrix in [first] * switch + [second] * steps:
        product = factors[0]
        for factor in factors[1:]:
            product = product @ factor
        loss = 0.5 * ((product - matrix)[rows, columns] ** 2).mean()
        slopes = torch.autograd.grad(loss, factors)
        factors = [
            (factor - model.learning_rate * slope).detach().requires_grad_()
            for factor, slope in zip(factors, slopes, strict=True)
        ]
    product = factors[0]
    for factor in factors[1:]:
        product = product @ factor
    seen = np.zeros((model.dimension,) * 2, dtype=bool)
    seen[rows, columns] = True
    return product.detach().numpy(), second.numpy(), seen


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_courses_are_those_of_automatic_differentiation(depth):
    model = completion(depth=depth)
    table = model.solve()
    assert table["init"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["switch"].tolist() == [0, 10, 40] * 2
    assert set(table["status"]) == {"ok"}
    for row in range(6):
        init, switch = int(table["init"][row]), int(table["switch"][row])
        for name, deficit, steps in (
            ("unseen_error", switch, 60),
            ("longer_error", 0, 60 + switch),
        ):
            product, second, seen = by_torch(model, init, deficit, steps)
            expected = ((product - second)[~seen] ** 2).mean() / (second[~seen] ** 2).mean()
            assert table[name][row] == pytest.approx(expected, rel=1e-10)
        product, second, seen = by_torch(model, init, switch, 60)
        expected = ((product - second)[seen] ** 2).mean() / (second[seen] ** 2).mean()
        assert table["seen_error"][row] == pytest.approx(expected, rel=1e-10)


def test_one_matrix_learns_nothing_of_what_it_does_not_see():
    table = completion(depth=1, initial_scale=1e-9, steps=2000, learning_rate=8.0).solve()
    assert table["seen_error"] == pytest.approx(0, abs=1e-6)
    assert table["unseen_error"] == pytest.approx(1, abs=1e-6)
    assert table["longer_error"] == pytest.approx(1, abs=1e-6)


def test_deeper_ones_complete_a_matrix_of_low_rank():
    table = completion(steps=6000, switches=[0], initial_scale=0.01).solve()
    assert (table["unseen_error"] < 0.1).all()
    assert (table["unseen_error"] == table["longer_error"]).all()


def test_what_is_drawn_is_of_its_rank_and_scale_and_belongs_to_its_initialisation():
    model = completion()
    first, second = model.matrix(0, "first", 3), model.matrix(0, "second", 1)
    assert [np.linalg.matrix_rank(matrix) for matrix in (first, second)] == [3, 1]
    assert (first**2).mean() == pytest.approx(1)
    assert not np.allclose(model.matrix(1, "second", 1), second)
    alone = completion(initialisations=1).solve()
    assert (alone["unseen_error"] == model.solve()["unseen_error"][:3]).all()


def test_networks_that_diverge_say_so():
    assert set(completion(learning_rate=1e4).solve()["status"]) == {"diverged"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"switches": [5, 10]}, "switches must hold 0"),
        ({"switches": [0, 0]}, "different values"),
        ({"switches": [0, -1]}, "switches must be a whole number of at least 0"),
        ({"observed": 64}, "observed must be below the 64 entries"),
        ({"rank": 9}, "rank must be at most dimension 8"),
        ({"depth": 0}, "depth must be a whole number of at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be"),
        ({"initial_scale": -1.0}, "initial_scale must be"),
    ],
)
def test_impossible_ones_are_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        completion(**changes)


def judged(impaired, longer, clean=0.1, diverged=()):
    """Judge the claim on made-up errors of ten initialisations."""
    inits = np.repeat(np.arange(10), 2)
    spread = np.linspace(-0.02, 0.02, 10)[inits]
    switch = np.tile([0, 500], 10)
    table = {
        "init": inits,
        "switch": switch,
        "unseen_error": spread + np.where(switch == 0, clean, impaired),
        "longer_error": spread + np.where(switch == 0, clean, longer),
        "status": np.where(np.isin(inits, diverged), "diverged", "ok"),
    }
    entry = claim("C86", judged_on=[{"models": ["m"]}])
    (row,) = judge(entry, Evidence({}, Resampling(200), models={"m": table}))
    return row


def test_damage_is_what_the_other_matrix_costs():
    row = judged(impaired=0.4, longer=0.05)
    assert row["estimate"] == pytest.approx(0.3)
    assert row["verdict"] == "supported"
    assert row["null"].startswith("-0.05")
    assert judged(impaired=0.11, longer=0.1)["verdict"] == "refuted"


def test_networks_that_learn_nothing_anyway_show_nothing():
    row = judged(impaired=1.2, longer=0.9, clean=0.9)
    assert row["verdict"] == "inconclusive"
    assert "error without a deficit" in row["failed"]


def test_networks_that_diverged_are_left_out():
    assert judged(impaired=0.4, longer=0.05, diverged=(2, 3))["inits"] == 8


def test_models_of_other_tables_are_refused():
    entry = claim("C86", judged_on=[{"models": ["m"]}])
    table = {"init": np.zeros(1, int), "status": np.array(["ok"])}
    with pytest.raises(ClaimError, match="completes no matrix"):
        judge(entry, Evidence({}, Resampling(200), models={"m": table}))
