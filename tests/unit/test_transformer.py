"""Small transformers: their layers written out, their size, and what normalisation fixes."""

import numpy as np
import pytest
import scipy

from infoplane.networks import make_network
from infoplane.training.engines import choose_engine
from infoplane.training.ensemble import train_ensemble
from tests.support import optimizer, schedule

PATTERNS = np.random.default_rng(0).integers(0, 2, (40, 6)).astype(np.float32)
LABELS = np.arange(40) % 2


def transformer(**changes):
    parameters = {
        "input_shape": (6,),
        "blocks": 2,
        "width": 3,
        "feed_forward": 5,
        "outputs": 2,
        "layer_norm": True,
        "activation": "gelu",
        "initial_weights": "glorot",
    }
    return make_network("transformer", **parameters | changes)


def drawn(network, seed=0):
    return network.initial_parameters(np.random.default_rng(seed))


@pytest.mark.parametrize("layer_norm", [True, False])
@pytest.mark.parametrize("blocks", [1, 2])
def test_size_is_that_of_the_module(blocks, layer_norm):
    network = transformer(blocks=blocks, layer_norm=layer_norm)
    assert network.parameter_count == network.skeleton.parameter_count
    assert network.units == network.skeleton.units == (18,) * (1 + 2 * blocks) + (2,)


def normalised(tokens):
    centred = tokens - tokens.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("layer_norm", [True, False])
def test_layers_written_out(layer_norm):
    network = transformer(blocks=1, layer_norm=layer_norm, initial_weights="pytorch")
    vector = drawn(network)
    at = {name: np.asarray(part, float) for name, part in network.skeleton.split(vector).items()}
    found = network.net_inputs_and_activations(vector, PATTERNS)[1]
    norm = normalised if layer_norm else (lambda tokens: tokens)

    def dense(name, tokens):
        return tokens @ at[f"{name}.weight"].T + at[f"{name}.bias"]

    tokens = dense("embedding.value", PATTERNS[:, :, None]) + at["embedding.place.weight"]
    expected = [tokens]
    query, key, value = (dense(f"attention_1.{name}", tokens) for name in ("query", "key", "value"))
    shares = scipy.special.softmax(query @ key.swapaxes(1, 2) / np.sqrt(3), axis=-1)
    tokens = norm(tokens + dense("attention_1.out", shares @ value))
    expected.append(tokens)
    net = dense("feed_forward_1.parts.0", tokens)
    tokens = norm(tokens + dense("feed_forward_1.parts.2", net * scipy.special.ndtr(net)))
    expected.append(tokens)
    expected.append(scipy.special.softmax(dense("output", tokens.mean(axis=1)), axis=1))
    for layer, wanted in zip(found, expected, strict=True):
        # Sums of a few float32, once divided by their deviation.
        np.testing.assert_allclose(layer, wanted.reshape(40, -1), atol=2e-5)


@pytest.mark.parametrize("layer_norm", [True, False])
def test_normalised_tokens_keep_their_size_however_large_the_weights(layer_norm):
    network = transformer(layer_norm=layer_norm)
    start = drawn(network)
    large = start.copy()
    for weights in network.weights(large):
        weights *= 30
    sizes = []
    for vector in (start, large):
        # What scales the normalised numbers is no array of weights, and still 1.
        tokens = network.net_inputs_and_activations(vector, PATTERNS)[1][-2]
        sizes.append(np.abs(tokens).max())
    # Of three numbers with mean 0 and variance 1 none is above the root of 2.
    assert (max(sizes) < 1.42) == layer_norm
    assert (sizes[1] > 10 * sizes[0]) != layer_norm


def test_means_over_tokens_stand_for_them_and_the_network_is_the_same():
    tokens, means = (transformer(representation=kind) for kind in ("tokens", "mean"))
    vector = drawn(tokens)
    np.testing.assert_array_equal(drawn(means), vector)
    assert means.parameter_count == tokens.parameter_count
    assert means.units == (3,) * 5 + (2,)
    of_tokens, of_means = (
        network.net_inputs_and_activations(vector, PATTERNS)[1] for network in (tokens, means)
    )
    for layer, found in zip(of_tokens[:-1], of_means[:-1], strict=True):
        np.testing.assert_allclose(found, layer.reshape(40, 6, 3).mean(axis=1), atol=1e-6)
    np.testing.assert_array_equal(of_means[-1], of_tokens[-1])


def test_they_are_trained_by_pytorch():
    network = transformer(blocks=1, width=8)
    by = optimizer(learning_rate=0.02, batch_size=20)
    assert choose_engine("auto", "cpu", network, by)[0] == "torch"
    labels = (PATTERNS.sum(1) > 2.5).astype(np.int64)
    result = train_ensemble(
        PATTERNS, labels, network, by, schedule(epochs=20, snapshots=2), [0], seed=1
    )
    losses = result.metrics["train_loss"][0]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_shape": (1, 8, 8)}, "input_shape must be a number of tokens"),
        ({"blocks": 0}, "blocks must be a whole number of at least 1"),
        ({"layer_norm": "yes"}, "layer_norm must be true or false, not 'yes'"),
        ({"activation": "swish"}, "activation 'swish' is not one of: tanh"),
        ({"representation": "sum"}, "representation 'sum' is not one of: tokens, mean"),
    ],
)
def test_what_makes_no_transformer_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        transformer(**changes)
