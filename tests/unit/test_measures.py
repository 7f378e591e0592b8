"""Measures: what all of them owe, ranges, networks they apply to, and what is refused."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from infoplane.data import szt_task
from infoplane.estimators import ESTIMATORS, kde, make_estimator
from infoplane.measures import MEASURES, make_measure
from infoplane.measures.base import DumpedNetwork, Measure, TrainedNetwork, columns_of
from infoplane.measures.layers import resolve_range
from infoplane.measures.noisy_propagation import noisy_network_information
from infoplane.measures.several_networks import multi_network_information
from infoplane.training.schedule import seed_sequence
from tests.support import convolutional, invertible, network

BINNED = {"method": "binned", "bins": 8}
KDE = {"method": "kde", "noise_variance": 0.1}
PARAMETERS = {
    "layers": {"estimators": {"mine": {**BINNED, "range": "layer"}}},
    "gradients": {"batch_size": 64},
    "noisy_propagation": {"patterns": 16, "own_draws": 12, "draws": 2},
    "clustering": {},
    "activation_scale": {},
    "neural_collapse": {},
    "compressed_neighbours": {"dimensions": 2, "neighbours": 3, "relative_noise": 0.001},
    "dependence": {"samples": 100},
    "several_networks": {"networks": 2, "bins": 8, "range": [-1.0, 1.0]},
    "outside_range": {"range": [-0.5, 0.25]},
    "bottleneck_fit": {"bins": 30, "range": [-1.0, 1.0]},
    "weight_norms": {},
    "fisher": {"exact_classes": 4},
    "inversion": {},
    "inverted_images": {"images": 2, "steps": 2, "learning_rate": 0.02},
    "weight_information": {"prior_deviation": 1.0},
    "rescaled": {"estimators": {"mine": {**BINNED, "range": "layer"}}, "scales": [1.0, -1.0]},
    "saturation": {"threshold": 0.5},
    "activation_histograms": {"bins": 8},
    "differential_entropy": {"neighbours": 2, "jitter_variances": [1e-6, 1e-12]},
    "weight_correlation": {},
    "held_out_labels": {"bins": 8, "range": [-1.0, 1.0]},
}
TABLES = {
    **{"layers": "information", "noisy_propagation": "information", "gradients": "gradients"},
    **{name: name for name in ("clustering", "dependence", "several_networks", "outside_range")},
    **{name: name for name in ("saturation", "activation_histograms", "differential_entropy")},
    "weight_correlation": "weight_correlation",
    "held_out_labels": "held_out_labels",
    "bottleneck_fit": "bottleneck_fit",
    "weight_norms": "weights",
    "activation_scale": "activation_scale",
    "neural_collapse": "neural_collapse",
    "compressed_neighbours": "information",
    "fisher": "fisher",
    **{name: name for name in ("inversion", "inverted_images")},
    "weight_information": "weight_information",
    "rescaled": "rescaled",
}
NAMED = {
    "layers": ("mine",),
    "rescaled": ("mine",),
    "noisy_propagation": ("label_upper", "label_lower"),
    "compressed_neighbours": ("label_matched", "label_mismatched"),
    "dependence": ("label",),
    "several_networks": ("label",),
    "held_out_labels": ("label_bins", "label_decoder"),
}
NOISY = network(noise_standard_deviation=0.1)
TASK = szt_task()
all_measures = pytest.mark.parametrize("name", sorted(PARAMETERS))


def measure_of(name, label="label", **changes):
    return make_measure(name, label=label, **PARAMETERS[name] | changes)


def trained(of=None, initialisation=3, epochs=(0, 4), **changes) -> TrainedNetwork:
    """Return a network whose weights grow along what stands for its training."""
    of = of or network()
    start = of.initial_parameters(np.random.default_rng(initialisation))
    values = {
        "network": of,
        "inputs": TASK.inputs.astype(np.float32).reshape(-1, *of.input_shape),
        "labels": TASK.labels,
        "initialisation": initialisation,
        "seed": 7,
        "training_samples": np.arange(0, 4096, 8),
        "epochs": np.array(epochs, dtype=int),
        "read_parameters": lambda position: start * np.float32(1 + position),
        "label_probability": TASK.label_probability,
    }
    return TrainedNetwork(**values | changes)


def net_inputs_of(of: TrainedNetwork) -> list[list[np.ndarray]]:
    """Return the net inputs of every snapshot and layer, shape (samples, units)."""
    return [
        [rows.T[of.patterns] for rows in of.network.net_input_rows(parameters, of.inputs)]
        for _, parameters in of.snapshots()
    ]


def dumped(of: TrainedNetwork) -> DumpedNetwork:
    """Return the activations of a network as the stage that dumps them leaves them."""
    layers = [values for _, values in of.layers()]
    read = {"activations": layers, "net_inputs": net_inputs_of(of)}
    extremes = [[(v.min(), v.max()) for v in values] for values in layers]
    lows, highs = np.moveaxis(np.array(extremes, np.float32), -1, 0)
    return DumpedNetwork(
        labels=of.evaluated_labels,
        epochs=of.epochs,
        lowest=lows.min(axis=0),
        highest=highs.max(axis=0),
        read_layer=lambda what, layer, position: read[what][position][layer - 1],
        initialisation=of.initialisation,
    )


def columns_from(name, measure, **changes):
    special = {"noisy_propagation": NOISY}
    special |= dict.fromkeys(("inversion", "inverted_images"), invertible())
    of = trained(special.get(name), **changes)
    if measure.stage == "estimate_information":
        return measure.measure(dumped(of))
    if measure.stage == "measure_groups":
        return measure.measure_group([of, trained(initialisation=4, **changes)])
    return measure.measure(of)


def test_every_measure_is_here():
    assert MEASURES.names == tuple(sorted(PARAMETERS))


@all_measures
def test_measures_are_frozen_and_tell_what_they_are(name):
    measure = measure_of(name)
    assert isinstance(measure, Measure)
    assert (measure.name, measure.table) == (name, TABLES[name])
    assert measure.estimators() == NAMED.get(name, ())
    assert set(measure.methods()) <= set(ESTIMATORS.names)
    with pytest.raises(dataclasses.FrozenInstanceError):
        measure.label = "other"


@all_measures
def test_columns_are_equally_long_by_epoch_and_layer_and_named(name):
    measure = measure_of(name)
    columns = columns_from(name, measure)
    assert list(columns)[:2] == ["epoch", "layer"]
    assert len({len(values) for values in columns.values()}) == 1
    assert set(columns["epoch"]) == {0, 4}
    # The output layer has no scale, nor an inverse; 0 is the whole network.
    layers = {
        "rescaled": [1, 2],
        "inversion": [1, 2],
        **dict.fromkeys(("fisher", "weight_information", "inverted_images"), range(4)),
    }
    assert set(columns["layer"]) == set(layers.get(name, [1, 2, 3]))
    assert {columns[key].dtype for key in ("epoch", "layer")} == {np.dtype(np.int32)}
    assert set(columns.get("estimator", ())) == set(measure.estimators())


@all_measures
def test_the_same_network_gives_the_same_numbers(name):
    first, again = (columns_from(name, measure_of(name)) for _ in range(2))
    for key, values in first.items():
        np.testing.assert_array_equal(values, again[key])


@all_measures
def test_unknown_and_missing_parameters_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"measure '{name}' has no parameter 'colour'; it has: "):
        measure_of(name, colour="red")
    needed = {"layers": "estimators", "several_networks": "networks", "outside_range": "range"}
    needed |= {"saturation": "threshold", "held_out_labels": "bins, range"}
    needed |= {"rescaled": "estimators, scales", "weight_information": "prior_deviation"}
    if name in needed:
        with pytest.raises(ValueError, match=f"'{name}' lacks {needed[name]}"):
            make_measure(name, label="label")


def test_unknown_measures_are_refused_by_name():
    with pytest.raises(ValueError, match=r"no measure 'clusterign' \(did you mean 'clustering'\?"):
        make_measure("clusterign", label="label")


REFUSED = {
    **{("inversion", kind): "no layer" for kind in ("plain", "noisy", "quantised")},
    **{("inverted_images", kind): "height and width" for kind in ("plain", "noisy", "quantised")},
    ("gradients", "noisy"): "plain",
    ("gradients", "quantised"): "plain",
    ("rescaled", "noisy"): "noise",
    ("rescaled", "quantised"): "rounding",
    **{("fisher", kind): "p(y given x)" for kind in ("noisy", "quantised")},
    **{("weight_information", kind): "p(y given x)" for kind in ("noisy", "quantised")},
    ("noisy_propagation", "plain"): "noise",
    ("noisy_propagation", "quantised"): "noise",
}


@all_measures
@pytest.mark.parametrize(
    ("kind", "of"),
    [("plain", network()), ("noisy", NOISY), ("quantised", network(quantisation_bits=4))],
)
def test_measures_say_which_networks_they_apply_to(name, kind, of):
    reason = measure_of(name).refusal(of)
    assert bool(reason) == ((name, kind) in REFUSED)
    assert REFUSED.get((name, kind), "") in reason


def test_layers_apply_to_networks_that_all_their_estimators_are_for():
    estimators = {"bins": {"method": "net_input"}, "count": {"method": "exact"}}
    one, other = (measure_of("layers", estimators={key: estimators[key]}) for key in estimators)
    for tells in (network(), network(activation="relu"), NOISY, network(quantisation_bits=4)):
        assert one.refusal(tells) == ""
    reason = one.refusal(convolutional())
    assert "'bins' reads net inputs" in reason
    assert "'convolutional'" in reason
    assert "quantised" in other.refusal(network())
    assert other.refusal(network(quantisation_bits=4, activation="relu")) == ""
    assert "'count'" in measure_of("layers", estimators=estimators).refusal(network())


def test_layers_say_what_their_estimators_read():
    net, fixed = {"method": "net_input"}, {**BINNED, "range": [-1.0, 1.0]}
    for estimators, reads in (
        ({"a": fixed, "b": KDE}, ("activations",)),
        ({"a": net}, ("net_inputs",)),
        ({"a": net, "b": fixed, "c": {**net, "bin_width": 0.5}}, ("net_inputs", "activations")),
    ):
        assert measure_of("layers", estimators=estimators).reads() == reads


def test_layers_give_each_estimator_what_it_reads():
    estimators = {
        "bins": {**BINNED, "range": [-1.0, 1.0]},
        "net": {"method": "net_input", "bin_width": 0.3},
    }
    of = trained()
    columns = measure_of("layers", estimators=estimators).measure(dumped(of))
    activations, net_inputs = [layers for _, layers in of.layers()], net_inputs_of(of)
    expected = []
    for layer in (0, 1, 2):
        for position in (0, 1):
            bins = make_estimator("binned", bins=8, low=-1.0, high=1.0)
            width = make_estimator("binned", bin_width=0.3)
            expected += [
                bins(activations[position][layer], of.labels).mi_input_bits,
                width(net_inputs[position][layer], of.labels).mi_input_bits,
            ]
    np.testing.assert_array_equal(columns["mi_input_bits"], expected)
    assert len(set(expected)) > 6


def test_layers_rows_are_the_estimators_numbers_by_layer_then_epoch():
    estimators = {
        "fixed": {**BINNED, "range": [-1.0, 1.0]},
        "of_all": {**BINNED, "range": "global"},
        "of_each": {**BINNED, "range": "layer"},
        "upper": KDE,
    }
    of = dumped(trained())
    columns = measure_of("layers", estimators=estimators).measure(of)
    order = [(layer, epoch) for layer in (1, 2, 3) for epoch in (0, 4)]
    assert list(zip(columns["layer"], columns["epoch"], strict=True)) == [
        place for place in order for _ in estimators
    ]
    assert columns["estimator"].tolist() == list(estimators) * len(order)
    for row, (layer, epoch) in enumerate(order):
        ranges = {
            "fixed": (-1.0, 1.0),
            "of_all": (float(of.lowest.min()), float(of.highest.max())),
            "of_each": (float(of.lowest[layer - 1]), float(of.highest[layer - 1])),
        }
        made = {
            name: make_estimator("binned", bins=8, low=low, high=high)
            for name, (low, high) in ranges.items()
        } | {"upper": make_estimator("kde", noise_variance=0.1)}
        for place, name in enumerate(estimators):
            found = made[name](of.read_layer("activations", layer, (0, 4).index(epoch)), of.labels)
            at = len(estimators) * row + place
            assert columns["mi_input_bits"][at] == found.mi_input_bits
            assert columns["mi_label_bits"][at] == found.mi_label_bits
            assert columns["ceiling_bits"][at] == found.ceiling_bits


RANGES = {"global": (-3.0, 4.0), "layer": (0.0, 4.0), "epoch": (1.0, 2.0)}


@pytest.mark.parametrize("wanted", [[-0.5, 2.0], *RANGES])
def test_range_is_two_numbers_or_that_of_the_network_the_layer_or_the_epoch(wanted):
    low, high = RANGES[wanted] if isinstance(wanted, str) else wanted
    found = resolve_range({**BINNED, "range": wanted}, RANGES)
    assert found == {**BINNED, "low": low, "high": high}
    assert resolve_range(KDE, RANGES) == KDE


def test_a_layer_that_never_varies_fits_into_a_range_of_its_own():
    found = resolve_range({**BINNED, "range": "layer"}, {"layer": (float(np.float32(0.7)),) * 2})
    assert found["low"] < found["high"]
    constant = np.full((6, 2), np.float32(0.7))
    assert make_estimator(**found)(constant, np.arange(6) % 2).mi_input_bits == 0.0


def test_bins_on_the_range_of_an_epoch_do_not_see_the_scale():
    """What a layer is multiplied by from one epoch to the next changes no bin but by rounding."""
    of = dumped(trained(epochs=(0, 4)))
    grown = dataclasses.replace(
        of, read_layer=lambda read, layer, at: of.read_layer(read, layer, 0) * (1, 4)[at]
    )
    measure = measure_of("layers", estimators={"own": {**BINNED, "range": "epoch"}})
    bits = measure.measure(grown)["mi_input_bits"].reshape(-1, 2)
    np.testing.assert_array_equal(bits[:, 0], bits[:, 1])
    assert (bits > 0).any()


def test_two_bounds_are_made_in_one_pass(monkeypatch):
    calls = []
    pass_over_pairs = kde._both_bounds

    def counted(*arguments):
        calls.append(arguments[2])
        return pass_over_pairs(*arguments)

    monkeypatch.setattr(kde, "_both_bounds", counted)
    estimators = {
        "upper": {**KDE, "bound": "upper"},
        "between": {**BINNED, "range": "layer"},
        "lower": {**KDE, "bound": "lower"},
        "other": {**KDE, "noise_variance": 0.2},
    }
    columns = measure_of("layers", estimators=estimators).measure(dumped(trained(epochs=(0,))))
    assert calls == [0.1, 0.2] * 3
    upper, lower = (columns["mi_input_bits"][columns["estimator"] == k] for k in ("upper", "lower"))
    assert (upper > lower).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({**BINNED, "range": [1.0, -1.0]}, "low must be smaller than high, not low=1.0, high=-1.0"),
        ({**BINNED, "range": "net"}, "range must be two numbers or one of: .*epoch; not 'net'"),
        ({**BINNED, "range": [1.0]}, r"range must be two numbers, not \[1.0\]"),
        ({**BINNED, "range": [0.0, math.inf]}, "range must be a finite number, not inf"),
        ({**BINNED, "range": "global", "outside": "end_bins"}, "end_bins.* two numbers.* 'global'"),
        ({**BINNED}, "low is missing"),
        ({**KDE, "range": "layer"}, "estimator 'kde' takes no range"),
        ({**KDE, "noise_variance": 0.0}, "noise_variance must be a finite number > 0, not 0.0"),
        ({**KDE, "bins": 3}, "estimator 'kde' has no parameter 'bins'; it has: noise_variance"),
        ({"method": "bined"}, r"no estimator 'bined' \(did you mean 'binned'\?\)"),
    ],
)
def test_wrong_estimators_are_refused_when_the_measure_is_made(parameters, message):
    with pytest.raises(ValueError, match=message):
        measure_of("layers", estimators={"mine": parameters})


def test_refusals_say_where_the_activations_stand():
    of = dumped(trained())
    fixed = measure_of("layers", estimators={"mine": {**BINNED, "range": [0.0, 0.1]}})
    with pytest.raises(ValueError, match=r"^initialisation 3, epoch 0, layer 1, estimator mine: "):
        fixed.measure(of)
    broken = dataclasses.replace(of, read_layer=lambda *_: np.full((4096, 2), np.nan))
    with pytest.raises(ValueError, match=r"^initialisation 3, epoch 0, layer 1: .* nan"):
        measure_of("layers").measure(broken)


def test_networks_are_measured_on_all_patterns_or_on_those_given():
    whole = trained()
    part = trained(patterns=np.array([5, 9, 4000]))
    assert whole.patterns.tolist() == list(range(4096))
    assert part.evaluated_labels.tolist() == TASK.labels[[5, 9, 4000]].tolist()
    np.testing.assert_array_equal(part.evaluated_inputs, whole.evaluated_inputs[[5, 9, 4000]])
    for (epoch, layers), (same, few) in zip(whole.layers(), part.layers(), strict=True):
        assert epoch == same
        for values, chosen in zip(layers, few, strict=True):
            np.testing.assert_array_equal(chosen, values[[5, 9, 4000]])


def test_a_quantised_network_keeps_the_ranges_of_all_patterns():
    of = trained(network(quantisation_bits=3), patterns=np.arange(5))
    everything = of.network.net_inputs_and_activations(of.read_parameters(0), of.inputs)[1]
    _, few = next(of.layers())
    for values, chosen in zip(everything, few, strict=True):
        np.testing.assert_array_equal(chosen, values[:5])


@all_measures
def test_a_network_without_a_snapshot_has_no_rows(name):
    if name == "layers":
        of = dataclasses.replace(dumped(trained()), epochs=np.array([], dtype=int))
        columns = measure_of(name).measure(of)
    else:
        columns = columns_from(name, measure_of(name), epochs=())
    assert {len(values) for values in columns.values()} == {0}


def test_bounds_of_noisy_networks_come_from_one_propagation():
    of = trained(NOISY)
    columns = measure_of("noisy_propagation").measure(of)
    seed = seed_sequence(7, 3, "noise")
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    for epoch, parameters in of.snapshots():
        # Every snapshot meets the same random numbers.
        found = noisy_network_information(
            *(parameters, NOISY, of.inputs, of.labels, np.random.default_rng(seed)),
            **PARAMETERS["noisy_propagation"],
        )
        for layer, each in enumerate(found, start=1):
            for name, bits in (
                ("label_upper", each.mi_input_bits),
                ("label_lower", each.mi_input_lower_bits),
            ):
                row = next(rows)
                assert (row["epoch"], row["layer"], row["estimator"]) == (epoch, layer, name)
                np.testing.assert_equal(row["mi_input_bits"], bits)
                assert row["mi_label_bits"] == each.mi_label_bits
                assert row["ceiling_bits"] == 12.0
                assert row["mi_input_standard_error"] == each.mi_input_standard_error
                assert row["mi_label_standard_error"] == each.mi_label_standard_error


def test_several_networks_are_what_the_library_finds_until_the_first_diverges():
    group = [trained(), trained(initialisation=4, epochs=(0,))]
    columns = measure_of("several_networks").measure_group(group)
    assert columns["epoch"].tolist() == [0, 0, 0]
    assert set(columns["networks"]) == {2}
    binning = make_estimator("binned", bins=8, low=-1.0, high=1.0)
    layers = zip(*(next(of.layers())[1] for of in group), strict=True)
    for row, values in enumerate(layers):
        found = multi_network_information(np.stack(values), TASK.labels, binning)
        for key in ("mi_input_bits", "mi_label_bits", "published_mi_input_bits", "ceiling_bits"):
            assert columns[key][row] == getattr(found, key)
        assert columns["single_mi_input_bits"][row] == found.single_mi_input_bits.mean()


def test_several_networks_see_the_same_patterns():
    group = [trained(patterns=np.arange(9)), trained(initialisation=4, patterns=np.arange(1, 10))]
    with pytest.raises(ValueError, match="on the same patterns"):
        measure_of("several_networks").measure_group(group)


def test_shares_outside_a_range_by_counting():
    of = trained()
    columns = measure_of("outside_range").measure(of)
    for row, (epoch, layer) in enumerate((e, n) for e in (0, 4) for n in (1, 2, 3)):
        values = dict(of.layers())[epoch][layer - 1]
        assert (columns["epoch"][row], columns["layer"][row]) == (epoch, layer)
        assert columns["share_below"][row] == (values < -0.5).mean()
        assert columns["share_above"][row] == (values > 0.25).mean()
        assert (columns["lowest"][row], columns["highest"][row]) == (values.min(), values.max())


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("outside_range", {"range": [1.0, -1.0]}, "range must be two numbers, the lower first"),
        ("outside_range", {"range": "global"}, "range must be two numbers, not 'global'"),
        ("several_networks", {"networks": 0}, "networks must be a whole number of at least 1"),
        ("several_networks", {"range": None}, "range is missing"),
        ("several_networks", {"range": "layer"}, "range must be two numbers, not 'layer'"),
        ("several_networks", {"bin_width": 0.1}, "bins and bin_width exclude each other"),
        ("saturation", {"threshold": 1.0}, "threshold must lie between 0 and 1, not 1.0"),
        ("held_out_labels", {"probe": "tree"}, "probe"),
        ("held_out_labels", {"range": "layer"}, "range must be two numbers, not 'layer'"),
        ("held_out_labels", {"bins": 0}, "bins"),
        ("saturation", {"threshold": 0}, "threshold must lie between 0 and 1, not 0"),
        ("saturation", {"threshold": "high"}, "threshold must lie between 0 and 1, not 'high'"),
        ("rescaled", {"scales": [2.0, 1.0, 2.0]}, "scales must be different numbers without 0"),
        ("rescaled", {"scales": [2.0, 3.0]}, r"1 among them, not \[2.0, 3.0\]"),
        ("rescaled", {"scales": [0, 1]}, "scales must be different numbers without 0"),
        ("rescaled", {"scales": [1.0]}, r"scales must be at least two numbers, not \[1.0\]"),
        ("rescaled", {"scales": [1.0, "two"]}, "scales must be a finite number, not 'two'"),
        ("dependence", {"samples": 3}, "samples must be a whole number of at least 4, not 3"),
        ("gradients", {"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ("noisy_propagation", {"patterns": 1}, "patterns must be a whole number of at least 2"),
        ("noisy_propagation", {"own_draws": 1}, "own_draws must be a whole number of at least 2"),
        ("noisy_propagation", {"draws": 0}, "draws must be a whole number of at least 1"),
    ],
)
def test_wrong_parameters_are_refused_when_the_measure_is_made(name, changes, message):
    with pytest.raises(ValueError, match=message):
        measure_of(name, **changes)


def test_rows_become_columns():
    columns = columns_of(("name", "bits"), [(0, 1, "a", 0.5), (3, 2, "b", math.nan)])
    assert {key: values.tolist() for key, values in columns.items() if key != "bits"} == {
        "epoch": [0, 3],
        "layer": [1, 2],
        "name": ["a", "b"],
    }
    assert columns["bits"].dtype == np.float64


def test_saturation_by_hand():
    """Four inputs, one on at a time: each unit's net inputs are its weights."""
    tiny = network(widths=(4, 2, 2))
    parameters = np.zeros(tiny.parameter_count, np.float32)
    first, second = tiny.weights(parameters)
    first[0], first[1] = (9.0, -9.0, 0.1, 0.0), (9.0, 0.2, -0.3, 0.4)
    second[0] = 5.0, 5.0
    rows = trained(
        of=tiny,
        inputs=np.eye(4, dtype=np.float32),
        labels=np.array([0, 1, 0, 1]),
        epochs=(7,),
        read_parameters=lambda position: parameters,
    )
    found = measure_of("saturation", threshold=0.98).measure(rows)
    assert found["epoch"].tolist() == [7, 7]
    assert found["layer"].tolist() == [1, 2]
    # Hidden: 9 and -9 of the one unit, 9 of the other, of 8 values. Output: net inputs 5 (h1 + h2)
    # against 0, 10, -4.0, -0.96 and 1.9, so p is beyond 0.99 or 0.01 for the first pattern alone,
    # 1 / (1 + exp(4.0)) being 0.018, in both classes.
    assert found["share_saturated"].tolist() == [3 / 8, 2 / 8]


def test_more_weight_saturates_more_and_more_units_the_less_is_asked():
    of = trained()
    shares = {
        threshold: measure_of("saturation", threshold=threshold).measure(of)["share_saturated"]
        for threshold in (0.1, 0.5, 0.9)
    }
    for share in shares.values():
        early, late = share.reshape(2, 3)
        assert (late >= early).all()
    assert (shares[0.1] > shares[0.5]).any()
    assert (shares[0.1] >= shares[0.5]).all()
    assert (shares[0.5] >= shares[0.9]).all()


@pytest.mark.parametrize(("activation", "refused"), [("softsign", False), ("relu", True)])
def test_saturation_is_of_units_that_have_ends(activation, refused):
    reason = measure_of("saturation").refusal(network(activation=activation))
    assert bool(reason) == refused
    assert ("tanh" in reason) == refused


def test_norms_of_weights_by_hand():
    tiny = network(widths=(12, 1, 2))
    parameters = np.zeros(tiny.parameter_count, np.float32)
    first, second = tiny.weights(parameters)
    first[0, :2], second[:, 0] = (3.0, 4.0), (1.0, -1.0)
    rows = trained(of=tiny, epochs=(0,), read_parameters=lambda position: parameters)
    found = measure_of("weight_norms").measure(rows)
    assert found["layer"].tolist() == [1, 2]
    assert found["weight_norm"].tolist() == [5.0, math.sqrt(2.0)]


def test_norms_of_weights_are_those_beside_the_gradients():
    of = trained()
    norms, beside = (measure_of(name).measure(of) for name in ("weight_norms", "gradients"))
    every = beside["weight_norm"].reshape(len(norms["epoch"]), -1)[:, 0]
    # Sums of the squares of a hundred weights, in another order.
    np.testing.assert_allclose(norms["weight_norm"], every, rtol=1e-12)
