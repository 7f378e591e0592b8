"""Invertible networks: what comes back, what is refused, and claims on made-up networks.

In float64 an input comes back to 1e-12; in float32 to 1e-5, both hundreds of roundings of numbers
up to 10.
"""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.judging import judge
from infoplane.estimators import make_estimator
from infoplane.measures import make_measure
from infoplane.networks import make_network
from tests.support import convolutional, network
from tests.unit.claim_tables import claim, evidence, tidy
from tests.unit.test_claim_generalisation import curves
from tests.unit.test_measures import trained

EPOCHS = np.array([0, 10, 100])


def invertible(**changes):
    settings = {
        "input_shape": (1, 4, 4),
        "squeezes": (2, 1),
        "blocks": (2, 1),
        "inner_channels": (3, 5),
        "kernel_size": 3,
        "outputs": 3,
        "activation": "relu",
        "initial_weights": "he",
    }
    return make_network("invertible", **settings | changes)


def drawn(of, samples=20):
    draws = np.random.default_rng(0)
    inputs = draws.random((samples, *of.input_shape)).astype(np.float32)
    return 2 * of.initial_parameters(draws), inputs


@pytest.mark.parametrize("changes", [{}, {"squeezes": (1, 4), "input_shape": (2, 8, 4)}])
def test_layers_and_parameters_are_those_of_the_module(changes):
    of = invertible(**changes)
    assert of.units == of.skeleton.units
    assert of.parameter_count == of.skeleton.parameter_count


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_inputs_come_back_from_every_layer(kind, error):
    of = invertible()
    parameters, inputs = (part.astype(kind) for part in drawn(of))
    layers = of.net_inputs_and_activations(parameters, inputs)[1]
    assert of.invertible_layers == 3 == len(layers) - 1
    for layer, values in enumerate(layers[:-1], start=1):
        assert values.dtype == kind
        found = of.inputs_from(layer, values, parameters)
        assert found.shape == inputs.shape
        assert np.abs(found - inputs).max() < error
        assert np.abs(values.reshape(inputs.shape) - inputs).max() > 0.1


def test_a_layer_is_the_coupling_of_its_formula():
    of = invertible(squeezes=(1,), blocks=(1,), inner_channels=(1,), input_shape=(2, 1, 1))
    parameters = np.zeros(of.parameter_count, np.float32)
    views = of.skeleton.split(parameters)
    views["block_1.function.0.weight"][0, 0, 1, 1] = 3.0
    views["block_1.function.2.weight"][0, 0, 1, 1] = 2.0
    inputs = np.array([[5.0, 7.0], [5.0, -7.0]], np.float32).reshape(2, 2, 1, 1)
    values = of.net_inputs_and_activations(parameters, inputs)[1][0]
    # (x2, x1 + 2 max(3 x2, 0))
    assert values.tolist() == [[7.0, 5.0 + 42.0], [-7.0, 5.0]]


def test_every_layer_has_as_many_numbers_and_patterns_as_the_input():
    of = invertible()
    parameters, inputs = drawn(of, samples=64)
    count = make_estimator("machine_precision")
    for values in of.net_inputs_and_activations(parameters, inputs)[1][:-1]:
        assert values.shape == (64, 16)
        assert count(values, np.arange(64) % 2).mi_input_bits == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"squeezes": (1, 2)}, r"stage 1 1 channels; a coupling block takes an even number"),
        ({"squeezes": (2, 4)}, r"squares of 4 pixels do not tile images of 2 x 2 in stage 2"),
        ({"blocks": (1,)}, "must name as many stages"),
        ({"blocks": (1, 0)}, "blocks must name at least one number, all above 0"),
        ({"kernel_size": 2}, "kernel_size must be odd"),
        ({"input_shape": (16,)}, "channels, height and width"),
        ({"activation": "rleu"}, "activation 'rleu'"),
    ],
)
def test_impossible_networks_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        invertible(**changes)


def test_other_networks_are_not_inverted():
    for of in (network(), convolutional()):
        assert of.invertible_layers == 0
        with pytest.raises(ValueError, match="no layer that can be inverted"):
            of.inputs_from(1, np.zeros((1, 1)), np.zeros(of.parameter_count))
        assert "no layer" in make_measure("inversion", label="l").refusal(of)
    assert make_measure("inversion", label="l").refusal(invertible()) == ""


def test_errors_of_inversion_are_measured_in_both_precisions():
    of = invertible()
    parameters, inputs = drawn(of)
    rows = trained(of, inputs=inputs, read_parameters=lambda place: parameters)
    found = make_measure("inversion", label="l").measure(rows)
    assert found["layer"].tolist() == [1, 2, 3] * 2
    assert (found["error_float32"] < 1e-5).all()
    assert (found["error_float64"] < 1e-12).all()
    assert found["error_float32"].max() > found["error_float64"].max() > 0


def planes(run, kept, networks=10):
    bits = np.full((networks, 3, 3), 6.0)
    bits[:, 1, 1] = 6.0 * kept
    bits[:, :, 2] = 0.1  # the output layer, which may lose
    return tidy(run, "e", bits, epochs=EPOCHS)


KNOWN = {run: {"ceiling_bits": 6.0, "label_bits": 1.0} for run in ("one", "other")}


def compared(difference, kept=1.0):
    accuracy = np.linspace(0.8, 0.9, 10)
    metrics = [
        curves("one", accuracy + difference, epochs=EPOCHS),
        curves("other", accuracy, epochs=EPOCHS),
    ]
    found = evidence(
        planes("one", kept), planes("other", 0.5), metrics=pd.concat(metrics), known=KNOWN
    )
    pair = {"pairs": [{"run": "one", "reference": "other"}], "estimators": ["e"]}
    (row,) = judge(claim("C84", judged_on=[pair]), found)
    return row


@pytest.mark.parametrize(
    ("difference", "kept", "verdict"),
    [(0.0, 1.0, "supported"), (-0.05, 1.0, "refuted"), (0.0, 0.9, "inconclusive")],
)
def test_what_loses_nothing_must_generalise_as_well(difference, kept, verdict):
    row = compared(difference, kept)
    assert row["estimate"] == pytest.approx(difference)
    assert row["verdict"] == verdict
    assert float(row["null"].split()[0]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("kept", "verdict"), [(1.0, "supported"), (0.9, "refuted")])
def test_an_estimator_must_find_all_of_the_input(kept, verdict):
    found = evidence(planes("one", kept), known=KNOWN)
    group = {"runs": ["one"], "estimators": ["e"]}
    row = judge(claim("C85", judged_on=[group], overall=False), found)[0]
    assert row["estimate"] == pytest.approx(kept)
    assert row["verdict"] == verdict
