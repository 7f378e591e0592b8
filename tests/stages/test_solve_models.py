"""The stage that solves models with exact information."""

import numpy as np
import pytest

from infoplane.tasks import make_task
from pipeline.files import load_columns, save_table, save_task
from solve_models import main
from tests.support import stand_in

MINIMAL = {
    "model": "minimal",
    "activations": ["tanh", "linear"],
    "bins": 4,
    "smallest_weight": 1.0,
    "largest_weight": 10.0,
    "weights_per_decade": 2,
}


def solve(path, parameters, data=()):
    """Run the stage; return the columns of its table."""
    main(stand_in(input={"data": data}, output={"table": path}, params={"parameters": parameters}))
    return load_columns(path)


def test_table_has_a_row_an_activation_and_weight(tmp_path):
    table = solve(tmp_path / "a.parquet", MINIMAL)
    assert list(table) == ["activation", "weight", "mi_input_bits", "error_bits"]
    assert table["activation"].tolist() == ["tanh"] * 3 + ["linear"] * 3
    np.testing.assert_allclose(table["weight"], [1, 10**0.5, 10] * 2, rtol=1e-12)


def test_same_model_gives_the_same_bytes(tmp_path):
    solve(tmp_path / "a.parquet", MINIMAL)
    solve(tmp_path / "b.parquet", MINIMAL)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_every_kind_of_column_comes_back(tmp_path):
    columns = {
        "truth": np.arange(11) % 3 == 0,
        "count": np.arange(11),
        "number": np.linspace(0, 1, 11),
        "text": np.array(["a", "bc"] * 5 + ["d"]),
    }
    save_table(tmp_path / "a.parquet", columns)
    found = load_columns(tmp_path / "a.parquet")
    for name, values in columns.items():
        assert found[name].tolist() == values.tolist(), name


def test_curve_of_a_task_says_which_betas_converged(tmp_path):
    rule = {"rule": "icosahedron", "degree_weights": [2.0, 5.0, 4.0], "threshold": 5.89}
    save_task(tmp_path / "task.npz", make_task(**rule, sharpness=12.0, seed=1))
    model = {"model": "bottleneck", "smallest_beta": 1.0, "largest_beta": 20.0, "betas": 8}
    limits = {"tolerance_bits": 1e-6, "most_rounds": 3, "bifurcation_precision": 0.5}
    table = solve(tmp_path / "a.parquet", model | limits, [tmp_path / "task.npz"])
    reached = table["gap_bits"] <= 1e-6
    assert table["converged"].tolist() == reached.tolist()
    assert 0 < reached.sum() < len(reached)
    assert (table["rounds"][~reached] == 3).all()


def test_wrong_parameters_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="bins must be a whole number of at least 2, not 1"):
        solve(tmp_path / "a.parquet", MINIMAL | {"bins": 1})
