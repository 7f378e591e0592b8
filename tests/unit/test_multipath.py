"""Two paths, one of which rests: slopes, courses of single modes, the claim.

Courses agree with automatic differentiation to 1e-10, roundings of some hundred steps.
"""

from functools import reduce

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
    "inputs": 3,
    "outputs": 4,
    "width": 5,
    "strength": 2.0,
    "deficit": "frozen",
    "starts": [1.0, 0.0],
    "length": 0.5,
    "duration": 3.0,
    "learning_rate": 0.02,
    "initial_scale": 0.05,
    "most_steps": 2000,
    "initialisations": 2,
    "seed": 3,
}


def paths(**changes):
    return make_model("multipath", **SETTINGS | changes)


def by_torch(model, init, steps, begin=None, end=None):
    """Train one network by automatic differentiation; return errors before each step, and paths."""
    matrix = torch.tensor(model.matrix(init))
    both = [[torch.tensor(part[0]) for part in path] for path in model.initial_paths(init)]
    errors = []
    for step in range(steps + 1):
        for part in (*both[0], *both[1]):
            part.requires_grad_()
        first, second = (reduce(torch.matmul, path) for path in both)
        missing = (first + second - matrix).detach()
        errors.append(float((missing**2).sum() / (matrix**2).sum()))
        if step == steps:
            return errors, (first.detach().numpy(), second.detach().numpy())
        if begin is not None and begin <= step < end:
            second = second.detach() if model.deficit == "frozen" else torch.zeros_like(second)
        loss = 0.5 * ((matrix - first - second) ** 2).sum()
        slopes = torch.autograd.grad(loss, [*both[0], *both[1]], allow_unused=True)
        slopes = [0.0 if slope is None else slope for slope in slopes]
        stepped = [
            (part - model.learning_rate * slope).detach()
            for part, slope in zip([*both[0], *both[1]], slopes, strict=True)
        ]
        both = [stepped[: model.depth], stepped[model.depth :]]


@pytest.mark.parametrize("deficit", ["frozen", "silent"])
@pytest.mark.parametrize("depth", [1, 3])
def test_courses_are_those_of_automatic_differentiation(depth, deficit):
    model = paths(depth=depth, deficit=deficit)
    table = model.solve()
    assert table["init"].tolist() == [0, 0, 1, 1]
    assert table["start"].tolist() == [0.0, 1.0] * 2
    assert set(table["status"]) == {"ok"}
    for row in range(4):
        init, start = int(table["init"][row]), table["start"][row]
        errors, _ = by_torch(model, init, 400)
        half = next(step for step, error in enumerate(errors) if error <= 0.5)
        begin, end, steps = (round(half * time) for time in (start, start + 0.5, 3.0))
        courses = by_torch(model, init, steps, begin, end), by_torch(model, init, steps)
        matrix = model.matrix(init)
        for name, (_, products) in zip(("impaired", "unimpaired"), courses, strict=True):
            expected = (products[1] * matrix).sum() / (matrix**2).sum()
            assert table[f"{name}_share"][row] == pytest.approx(expected, rel=1e-10)
        errors, _ = courses[0]
        assert table["error"][row] == pytest.approx(errors[-1], rel=1e-8)
        assert table["error_before"][row] == pytest.approx(errors[begin], rel=1e-10)


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_single_matrices_follow_the_closed_form(start):
    model = paths(depth=1, starts=[start], duration=6.0, initial_scale=1e-12, initialisations=1)
    (share,) = model.solve()["impaired_share"]
    # Both paths are the same but for what is missing: 1 - 2 rate is left after a step together.
    keeps, alone = 1 - 2 * model.learning_rate, 1 - model.learning_rate
    half = int(np.ceil(np.log(0.5) / 2 / np.log(keeps)))
    begin, end, steps = (round(half * time) for time in (start, start + 0.5, 6.0))
    left = keeps**begin
    expected = (1 - left) / 2 + left * alone ** (end - begin) * (1 - keeps ** (steps - end)) / 2
    assert share == pytest.approx(expected, abs=1e-10)


def test_what_is_drawn_belongs_to_its_initialisation_and_path():
    model = paths()
    assert np.linalg.norm(model.matrix(0), 2) == pytest.approx(2.0)
    assert not np.allclose(model.matrix(0), model.matrix(1))
    first, second = model.initial_paths(0)
    assert [part.shape for part in first] == [(1, 4, 5), (1, 5, 5), (1, 5, 3)]
    assert not np.allclose(first[0], second[0])
    assert not np.allclose(first[0], model.initial_paths(1)[0][0])


def test_deep_paths_that_miss_the_beginning_lose_more_than_single_matrices():
    deep, single = (
        paths(depth=depth, initial_scale=1e-3, starts=[0.0, 8.0], duration=20.0).solve()
        for depth in (2, 1)
    )
    damage = [
        (table["unimpaired_share"] - table["impaired_share"])[::2].mean()
        for table in (deep, single)
    ]
    assert damage[0] > 0.25 > 0.1 > damage[1] > 0
    # Frozen late, when there is no error, it misses nothing.
    assert deep["impaired_share"][1::2] == pytest.approx(deep["unimpaired_share"][1::2], abs=1e-3)


def test_an_initialisation_is_the_same_whatever_the_others():
    alone = paths(initialisations=1).solve()
    assert (alone["impaired_share"] == paths().solve()["impaired_share"][:2]).all()


def test_networks_that_diverge_or_never_learn_say_so():
    assert set(paths(learning_rate=20.0).solve()["status"]) <= {"diverged", "unlearnt"}
    assert set(paths(most_steps=2).solve()["status"]) == {"unlearnt"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"starts": [-1.0]}, "starts must be at least 0"),
        ({"starts": [0.0, 2.5]}, "the last one's deficit must end before duration 3.0"),
        ({"starts": [0.0, 0.0]}, "different values"),
        ({"deficit": "blind"}, "deficit must be one of 'frozen', 'silent', not 'blind'"),
        ({"depth": 0}, "depth must be a whole number of at least 1"),
        ({"length": 0.0}, "length must be"),
        ({"initial_scale": -1.0}, "initial_scale must be"),
    ],
)
def test_impossible_ones_are_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        paths(**changes)


def judged(early, late, whole=0.5, error=0.0, diverged=()):
    """Judge the claim on made-up shares of ten initialisations."""
    inits = np.repeat(np.arange(10), 2)
    spread = np.linspace(-0.02, 0.02, 10)[inits]
    start = np.tile([0.0, 8.0], 10)
    table = {
        "init": inits,
        "start": start,
        "impaired_share": spread + np.where(start == 0, early, late),
        "unimpaired_share": spread + whole,
        "error": np.full(20, error),
        "error_before": np.where(start == 0, 1.0, error),
        "status": np.where(np.isin(inits, diverged), "diverged", "ok"),
    }
    entry = claim("C87", judged_on=[{"models": ["m"]}])
    (row,) = judge(entry, Evidence({}, Resampling(200), models={"m": table}))
    return row


def test_what_counts_is_what_an_early_deficit_costs_more_than_a_late_one():
    row = judged(early=0.05, late=0.45)
    assert row["estimate"] == pytest.approx(0.4)
    assert row["verdict"] == "supported"
    assert row["null"].startswith("0.05")
    assert judged(early=0.05, late=0.1)["verdict"] == "refuted"


def test_networks_that_have_not_learnt_before_the_late_deficit_show_nothing():
    row = judged(early=0.05, late=0.45, error=0.2)
    assert row["verdict"] == "inconclusive"
    assert "largest error" in row["failed"]


def test_networks_that_diverged_are_left_out():
    assert judged(early=0.05, late=0.45, diverged=(2, 3))["inits"] == 8


def test_models_of_other_tables_are_refused():
    entry = claim("C87", judged_on=[{"models": ["m"]}])
    table = {"init": np.zeros(1, int), "status": np.array(["ok"])}
    with pytest.raises(ClaimError, match="no impaired path"):
        judge(entry, Evidence({}, Resampling(200), models={"m": table}))
