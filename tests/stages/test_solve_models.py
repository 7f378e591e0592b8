"""The stage that solves models with exact information."""

import numpy as np
import pytest

from pipeline.files import load_columns
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


def test_wrong_parameters_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="bins must be a whole number of at least 2, not 1"):
        solve(tmp_path / "a.parquet", MINIMAL | {"bins": 1})
