"""Rescaled layers: the same predictions, other estimates; closed forms, ranges, refusals.

Predictions are probabilities in float32 from net inputs of up to about ten: 1e-5 is a few roundings
of those. A factor that is a power of two rounds nothing, so that there estimates are equal.
"""

from __future__ import annotations

import numpy as np
import pytest

from infoplane.estimators import make_estimator
from infoplane.measures import make_measure
from infoplane.measures.rescaled import (
    passes_through,
    rescale_layer,
    rescaled_ranges,
    reverse_layer,
)
from infoplane.networks import make_network
from infoplane.networks.functions import ACTIVATION_FUNCTIONS
from tests.support import network
from tests.unit.test_measures import dumped, trained

ROUNDING = 1e-5
SCALES = [0.1, 0.3, 1.0, 3.0, 10.0, -1.0]
POWERS = [0.125, 1.0, 8.0]
BINNED = {
    "global": {"method": "binned", "bins": 30, "range": "global"},
    "layer": {"method": "binned", "bins": 30, "range": "layer"},
    "width": {"method": "binned", "bin_width": 0.07},
}


def measured(estimators, scales, of):
    return make_measure("rescaled", label="mine", estimators=estimators, scales=scales).measure(of)


def selected(columns, name, **keys):
    """Return a column of the rows with some values, in their order."""
    kept = np.logical_and.reduce([columns[key] == value for key, value in keys.items()])
    return columns[name][kept]


@pytest.mark.parametrize("activation", ["relu", "linear", "tanh"])
def test_no_prediction_moves_while_a_layer_is_rescaled(activation):
    of = trained(network(activation=activation))
    columns = measured(BINNED, SCALES, of)
    assert set(columns["layer"]) == {1, 2}
    assert columns["largest_output_change"].max() < ROUNDING
    expected = {"relu": set(SCALES) - {-1.0}, "linear": set(SCALES), "tanh": {1.0, -1.0}}
    scales = selected(columns, "scale", change="scaled")
    assert set(scales) == expected[activation]
    assert set(selected(columns, "scale", change="permuted")) == {1.0}
    assert selected(columns, "largest_output_change", change="scaled", scale=1.0).max() == 0


@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.parametrize("layer", [1, 2])
def test_only_the_rescaled_layer_moves_and_by_the_factor(activation, layer):
    of = trained(network(activation=activation))
    parameters = of.read_parameters(1)
    before = of.layers_of(parameters)
    after = of.layers_of(rescale_layer(parameters, of.network.widths, layer, 10.0))
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        factor = 10.0 if number == layer else 1.0
        np.testing.assert_allclose(new, factor * old, rtol=1e-4, atol=ROUNDING)
    np.testing.assert_array_equal(parameters, of.read_parameters(1))


def test_units_in_reverse_order_are_the_same_units():
    of = trained()
    parameters = of.read_parameters(1)
    before = of.layers_of(parameters)
    after = of.layers_of(reverse_layer(parameters, of.network.widths, 1))
    np.testing.assert_array_equal(after[0], before[0][:, ::-1])
    np.testing.assert_allclose(after[-1], before[-1], atol=ROUNDING)


@pytest.mark.parametrize("activation", sorted(ACTIVATION_FUNCTIONS))
def test_what_passes_through_an_activation_function_by_trying(activation):
    function = ACTIVATION_FUNCTIONS[activation]
    net = np.linspace(-3, 3, 101)
    for scale in [*SCALES, -10.0, 0.5]:
        passes = np.allclose(function(scale * net), scale * function(net), rtol=1e-12, atol=1e-12)
        assert passes_through(activation, scale) == passes, scale


def test_scale_one_is_what_the_layers_measure_finds():
    of = trained(network(activation="relu"))
    columns = measured(BINNED, SCALES, of)
    expected = make_measure("layers", label="layers", estimators=BINNED).measure(dumped(of))
    for epoch in (0, 4):
        for layer in (1, 2):
            for name in BINNED:
                keys = {"epoch": epoch, "layer": layer, "estimator": name}
                found = selected(columns, "mi_input_bits", change="scaled", scale=1.0, **keys)
                assert found == selected(expected, "mi_input_bits", **keys)


def test_a_rescaled_layer_is_a_layer_under_another_resolution():
    # I of c T at bins of width w, or noise of variance v, is I of T at w / c and v / c^2.
    of = trained(network(activation="relu"), epochs=(4,))
    named = {
        "width": {"method": "binned", "bin_width": 0.25},
        "kde": {"method": "kde", "noise_variance": 0.1},
    }
    columns = measured(named, POWERS, of)
    ((_, layers),) = of.layers()
    for scale in POWERS:
        others = {
            "width": make_estimator("binned", bin_width=0.25 / scale),
            "kde": make_estimator("kde", noise_variance=0.1 / scale**2),
        }
        for layer in (1, 2):
            for name, estimator in others.items():
                keys = {"change": "scaled", "scale": scale, "layer": layer, "estimator": name}
                found = selected(columns, "mi_input_bits", **keys)
                expected = estimator(layers[layer - 1], of.labels).mi_input_bits
                # Sums of 4096 exponentials of squared distances in another unit.
                assert found == pytest.approx(expected, abs=1e-9)


def test_bins_on_the_range_of_a_layer_move_with_it_and_others_do_not():
    columns = measured(BINNED, POWERS, trained(network(activation="linear")))
    for name, moves in (("layer", False), ("width", True), ("global", True)):
        bits = [
            selected(columns, "mi_input_bits", change="scaled", scale=scale, estimator=name)
            for scale in POWERS
        ]
        span = np.ptp(bits, axis=0)
        assert (span.max() > 0.5) if moves else (span.max() == 0), name


def test_ranges_are_those_of_a_network_trained_in_the_new_units():
    lowest, highest = np.array([-1, -2, 0], np.float32), np.array([3, 4, 1], np.float32)
    values = np.array([[-9.0], [12.0]])
    assert rescaled_ranges(lowest, highest, 2, 10.0, values) == {
        "global": (-20, 40),
        "layer": (-20, 40),
        "epoch": (-9, 12),
    }
    assert rescaled_ranges(lowest, highest, 1, -1.0, np.zeros((1, 1))) == {
        "global": (-3, 4),
        "layer": (-3, 1),
        "epoch": (0, 0),
    }
    # What rounding carries beyond belongs to the range.
    beyond = rescaled_ranges(lowest, highest, 2, 10.0, np.array([[-20.5], [40.5]]))
    assert set(beyond.values()) == {(-20.5, 40.5)}


def test_ranges_of_training_are_taken_where_they_are_known():
    of = trained()
    lowest, highest = of.extremes()
    activations = [values for _, layers in of.layers() for values in layers[:1]]
    assert lowest[0] == np.min(activations)
    assert highest[0] == np.max(activations)
    known = trained(lowest=np.full(3, -5.0), highest=np.full(3, 7.0))
    assert [ends.tolist() for ends in known.extremes()] == [[-5.0] * 3, [7.0] * 3]


def test_networks_without_such_layers_are_refused():
    measure = make_measure("rescaled", label="mine", estimators=BINNED, scales=[1, 2])
    assert measure.refusal(network()) == ""
    convolutional = make_network(
        "convolutional",
        input_shape=(1, 8, 8),
        channels=(3,),
        kernel_size=3,
        pooling=2,
        dense_widths=(4, 2),
        activation="relu",
        initial_weights="truncated_normal_fan_out",
    )
    for other in (network(noise_standard_deviation=0.1), network(quantisation_bits=4)):
        assert "can be rescaled" in measure.refusal(other)
    assert "can be rescaled" in measure.refusal(convolutional)
    counts = {"count": {"method": "exact"}}
    of_quantised = make_measure("rescaled", label="mine", estimators=counts, scales=[1, -1])
    assert "'count'" in of_quantised.refusal(network())


def test_net_inputs_are_refused():
    net = {"net": {"method": "net_input"}}
    with pytest.raises(ValueError, match="by their activations, not net inputs"):
        make_measure("rescaled", label="mine", estimators=net, scales=[1, 2])
