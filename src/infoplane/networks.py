"""Fully connected networks as plain arrays: parameters, initial weights, forward pass.

The parameters of one network are one float32 vector, layer after layer: the weights, row-major
with shape (units, units of the layer below), then the biases. A stack of networks is a matrix
with one row per initialisation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import scipy

from infoplane.quantisation import quantise
from infoplane.settings import TrainingSettings

ACTIVATION_FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda net: np.maximum(net, 0),
    "linear": lambda net: net,
    "softsign": lambda net: net / (1 + np.abs(net)),
    "softplus": lambda net: np.logaddexp(net, 0),
}


def parameter_count(widths: tuple[int, ...]) -> int:
    """Return the number of weights and biases of a network with these layer widths."""
    return sum((below + 1) * above for below, above in itertools.pairwise(widths))


def split_parameters(
    parameters: np.ndarray, widths: tuple[int, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """View a parameter vector as the weights and biases of each layer.

    Parameters
    ----------
    parameters : array, shape (..., parameter_count(widths))
        One vector, or any stack of them.
    widths : tuple of int
        Units of every layer from the input to the output.

    Returns
    -------
    layers : list of (weights, biases)
        Views, shapes (..., units, units below) and (..., units).
    """
    if parameters.shape[-1] != parameter_count(widths):
        raise ValueError(
            f"widths {widths} need {parameter_count(widths)} parameters, not {parameters.shape[-1]}"
        )
    stack = parameters.shape[:-1]
    layers, start = [], 0
    for below, above in itertools.pairwise(widths):
        middle, end = start + above * below, start + above * (below + 1)
        weights = parameters[..., start:middle].reshape(*stack, above, below)
        layers.append((weights, parameters[..., middle:end]))
        start = end
    return layers


def initial_parameters(
    widths: tuple[int, ...], distribution: str, generator: np.random.Generator
) -> np.ndarray:
    """Draw the initial parameters of one network.

    Parameters
    ----------
    widths : tuple of int
        Units of every layer from the input to the output.
    distribution : str
        ``"truncated_normal_fan_in"`` and ``"truncated_normal_fan_out"``: normal with standard
        deviation 1/sqrt(fan), cut at two standard deviations (SZT's and SAXE's code);
        ``"glorot"``: uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16);
        ``"he"``: normal with standard deviation sqrt(2 / fan_in) (He et al. 2015, eq. 10);
        ``"pytorch"``: weights and biases uniform in +-1/sqrt(fan_in). Biases are zero
        elsewhere.
    generator : numpy.random.Generator

    Returns
    -------
    parameters : array of float32, shape (parameter_count(widths),)
    """
    parts = []
    for below, above in itertools.pairwise(widths):
        shape, biases = (above, below), np.zeros(above)
        if distribution.startswith("truncated_normal"):
            fan = below if distribution.endswith("fan_in") else above
            lowest, highest = scipy.special.ndtr([-2.0, 2.0])
            share = generator.uniform(lowest, highest, shape)
            weights = scipy.special.ndtri(share) / np.sqrt(fan)
        elif distribution == "glorot":
            limit = np.sqrt(6.0 / (below + above))
            weights = generator.uniform(-limit, limit, shape)
        elif distribution == "he":
            weights = generator.normal(0.0, np.sqrt(2.0 / below), shape)
        elif distribution == "pytorch":
            limit = 1.0 / np.sqrt(below)
            weights = generator.uniform(-limit, limit, shape)
            biases = generator.uniform(-limit, limit, above)
        else:
            raise ValueError(f"no initial weights {distribution!r}")
        parts += [weights.ravel(), biases]
    return np.concatenate(parts).astype(np.float32)


def unit_rows(
    parameters: np.ndarray, settings: TrainingSettings, inputs: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what each layer of one network receives and gives, a row per unit.

    Parameters
    ----------
    parameters : array of float32, shape (parameters,)
    settings : TrainingSettings
        Gives the widths, the activation and the output.
    inputs : array of float32, shape (samples, features)

    Yields
    ------
    net_input, activations : arrays of float32, shape (units, samples)
        Of layer 1 .. L. The output layer's activations are class probabilities.

    Notes
    -----
    NumPy adds and multiplies along thousands of samples faster than along few units.

    Of a network with `quantisation_bits`, the activations are the quantised ones, over ranges
    taken from all these samples; the net inputs are not quantised. A network trained with noise
    is run without it; `infoplane.propagation` runs it with.
    """
    bits = settings.quantisation_bits
    # The activations below are levels * step: plain values are their own levels.
    levels, step = inputs.T, 1.0
    for number, (weights, biases) in enumerate(split_parameters(parameters, settings.widths), 1):
        if bits is None:
            net = weights @ levels
            net += biases[:, None]
            values = levels = layer_activation(net, settings, number)
        else:
            rows = quantise(weights, bits)
            product = rows.levels.astype(np.float64) @ levels.astype(np.float64)
            net = product * (float(step) * float(rows.step)) + biases[:, None]
            net = net.astype(np.float32)
            quantised = quantise(layer_activation(net, settings, number), bits)
            levels, step, values = quantised.levels, quantised.step, quantised.values
        yield net, values


def net_inputs_and_activations(
    parameters: np.ndarray, settings: TrainingSettings, inputs: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what each layer of one network receives and gives for every sample.

    Parameters
    ----------
    parameters, settings, inputs
        As for `unit_rows`.

    Returns
    -------
    net_inputs, activations : lists of arrays of float32, shape (samples, units)
        One pair per layer 1 .. L, as from `unit_rows`.
    """
    net_inputs, activations = [], []
    for net, values in unit_rows(parameters, settings, inputs):
        net_inputs.append(net.T)
        activations.append(np.ascontiguousarray(values.T))
    return net_inputs, activations


def layer_activation(net: np.ndarray, settings: TrainingSettings, layer: int) -> np.ndarray:
    """Apply a layer's own nonlinearity to its net input.

    Parameters
    ----------
    net : array of float, shape (units, samples)
    settings : TrainingSettings
    layer : int
        1 .. settings.layers; the last one gives class probabilities.

    Returns
    -------
    activations : array of float, shape (units, samples)
    """
    if layer < settings.layers:
        return ACTIVATION_FUNCTIONS[settings.activation](net)
    return softmax(net) if settings.output == "softmax" else sigmoid(net)


def softmax(net: np.ndarray) -> np.ndarray:
    """Return the class probabilities of net inputs of shape (classes, samples)."""
    powers = np.exp(net - net.max(axis=0))
    return powers / powers.sum(axis=0)


def sigmoid(net: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-net))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-net))


def losses_and_hits(
    output_net_input: np.ndarray, labels: np.ndarray, output: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return each sample's loss in nats, and whether its label is predicted.

    Parameters
    ----------
    output_net_input : array of float32, shape (classes, samples)
        What the output layer receives.
    labels : array of int, shape (samples,)
    output : str
        ``"softmax"`` or ``"sigmoid"``.

    Returns
    -------
    losses : array of float64, shape (samples,)
    hits : array of bool, shape (samples,)
    """
    net = output_net_input.astype(np.float64)
    samples = np.arange(len(labels))
    largest, hits = net[0], labels == 0
    for label, row in enumerate(net[1:], start=1):
        hits = np.where(row > largest, labels == label, hits)
        largest = np.maximum(row, largest)
    if output == "softmax":
        losses = largest + np.log(np.exp(net - largest).sum(axis=0)) - net[labels, samples]
    else:
        # -log sigmoid(z) = softplus(-z); the wrong units have target 0, hence +z.
        net[labels, samples] *= -1.0
        power = np.exp(-np.abs(net))
        # log(1 + power) where that is exact to 1e-8, several times as fast as log1p.
        logarithm = np.where(power < 1e-8, power, np.log(1.0 + power))
        losses = (np.maximum(net, 0.0) + logarithm).mean(axis=0)
    return losses, hits
