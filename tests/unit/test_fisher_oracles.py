"""Fisher information against BackPACK and curvlinops, two libraries for curvature of others.

They are optional: `pip install infoplane[oracles]`. All is float64; sums in other orders agree to
1e-10 of their size.
"""

import warnings

import numpy as np
import pytest
import torch

from infoplane.measures import make_measure
from infoplane.measures._fisher import (
    fisher_matrix,
    fisher_traces,
    kronecker_factors,
    layer_slices,
)
from infoplane.networks.dense import split_parameters
from tests.support import convolutional, network
from tests.unit.test_fisher import drawn
from tests.unit.test_measures import trained

# They compile code as PyTorch 2.13 no longer wants it.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    reason = "pip install infoplane[oracles]"
    backpack = pytest.importorskip("backpack", reason=reason)
    curvlinops = pytest.importorskip("curvlinops", reason=reason)
    from backpack.extensions import DiagGGNExact

pytestmark = pytest.mark.filterwarnings("ignore")
FUNCTIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
NETWORKS = [network(), network(widths=(12, 8, 5, 3), activation="relu"), convolutional()]
each_network = pytest.mark.parametrize("of", NETWORKS, ids=lambda of: f"{of.name}-{of.activation}")


def plain_module(of, parameters):
    """Return the same network of PyTorch's own layers."""
    if of.widths is None:
        (kernel, shift), (weights, biases) = (
            [torch.tensor(part) for part in layer] for layer in _arrays(of, parameters)
        )
        layers = [
            torch.nn.Conv2d(1, len(kernel), 3, padding=1),
            torch.nn.Tanh(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(weights.shape[1], len(weights)),
        ]
        values = [kernel, shift, weights, biases]
    else:
        layers, values = [torch.nn.Flatten()], []
        for weights, biases in split_parameters(parameters, of.widths):
            layers += [torch.nn.Linear(*weights.shape[::-1]), FUNCTIONS[of.activation]()]
            values += [torch.tensor(weights), torch.tensor(biases)]
        layers.pop()
    module = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for place, own in zip(module.parameters(), values, strict=True):
            place.copy_(own)
    return module


def _arrays(of, parameters):
    named = of.skeleton.split(parameters)
    parts = list(named.values())
    return [(parts[0], parts[1]), (parts[2], parts[3])]


def problem(of):
    """Return parameters, inputs, the module, its weights, and data as the libraries take them."""
    parameters, inputs = drawn(of)
    parameters = parameters.astype(np.float64)
    module = plain_module(of, parameters)
    weights = [place for place in module.parameters() if place.ndim > 1]
    # The Hessian of the cross-entropy does not hang on the label.
    data = torch.tensor(inputs, dtype=torch.float64), torch.zeros(len(inputs), dtype=torch.long)
    return parameters, inputs, module, weights, data


def curvlinops_matrix(module, weights, data):
    operator = curvlinops.GGNLinearOperator(
        module, torch.nn.CrossEntropyLoss(), weights, [data], check_deterministic=False
    )
    return (operator @ torch.eye(operator.shape[1], dtype=torch.float64)).detach().numpy()


@each_network
def test_the_matrix_is_that_of_curvlinops(of):
    parameters, inputs, *others = problem(of)
    expected = curvlinops_matrix(*others)
    found = fisher_matrix(of, parameters, inputs)
    assert found == pytest.approx(expected, abs=1e-10 * np.abs(expected).max())


@each_network
def test_traces_are_those_of_backpack(of):
    parameters, inputs, module, weights, data = problem(of)
    extended = backpack.extend(module)
    loss = backpack.extend(torch.nn.CrossEntropyLoss())(extended(data[0]), data[1])
    with backpack.backpack(DiagGGNExact()):
        loss.backward()
    expected = [float(place.diag_ggn_exact.sum()) for place in weights]
    assert fisher_traces(of, parameters, inputs) == pytest.approx(expected, rel=1e-10)


def test_kronecker_factors_are_those_of_curvlinops():
    of = NETWORKS[1]
    parameters, inputs, module, weights, data = problem(of)
    operator = curvlinops.KFACLinearOperator(
        module,
        torch.nn.CrossEntropyLoss(),
        weights,
        [data],
        fisher_type=curvlinops.FisherType.TYPE2,
        check_deterministic=False,
    )
    expected = (operator @ torch.eye(operator.shape[1], dtype=torch.float64)).detach().numpy()
    found = np.zeros_like(expected)
    for part, factors in zip(
        layer_slices(of), kronecker_factors(of, parameters, inputs), strict=True
    ):
        found[part, part] = np.kron(*factors)
    assert found == pytest.approx(expected, abs=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("of", [NETWORKS[0], NETWORKS[2]], ids=["dense", "convolutional"])
def test_information_in_the_weights_is_the_determinant_of_curvlinops(of):
    rows = trained(of)
    found = make_measure("weight_information", label="l", prior_deviation=0.7).measure(rows)
    parameters = next(rows.snapshots())[1].astype(np.float64)
    module = plain_module(of, parameters)
    weights = [place for place in module.parameters() if place.ndim > 1]
    data = (
        torch.tensor(rows.evaluated_inputs, dtype=torch.float64),
        torch.zeros(len(rows.evaluated_inputs), dtype=torch.long),
    )
    matrix = curvlinops_matrix(module, weights, data)
    scale = 2 * 0.7**2 * len(rows.training_samples)
    volume = np.linalg.slogdet(scale * matrix + np.eye(len(matrix)))[1]
    norm = sum(float((place**2).sum()) for place in weights)
    assert found["information_nats"][0] == pytest.approx(norm / 0.7**2 + volume, rel=1e-9)
