"""Activation functions by name, and what an output layer's net input means.

Arrays have a row per unit and a column per sample. To add an activation function, append it here
and, for PyTorch, in ``_torch_functions.py``.
"""

from __future__ import annotations

import numpy as np
import scipy

ACTIVATION_FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda net: np.maximum(net, 0),
    "linear": lambda net: net,
    "softsign": lambda net: net / (1 + np.abs(net)),
    "softplus": lambda net: np.logaddexp(net, 0),
    "gelu": lambda net: net * scipy.special.ndtr(net),
}
ACTIVATIONS = tuple(ACTIVATION_FUNCTIONS)
# Compiled kernels know these, by their places; others are for PyTorch alone.
COMPILED_ACTIVATIONS = ("tanh", "relu", "linear", "softsign", "softplus")
# These run from -1 to 1, which they only approach.
BOUNDED_ACTIVATIONS = ("tanh", "softsign")
# Of these the largest value is not always that of the largest net input: GELU falls up to -0.75.
FALLING_ACTIVATIONS = ("gelu",)
OUTPUTS = ("softmax", "sigmoid", "tanh", "softmax_squared")
# The loss of these is a cross-entropy; of the others it is a squared error.
CROSS_ENTROPY_OUTPUTS = OUTPUTS[:2]


def softmax(net: np.ndarray) -> np.ndarray:
    """Return the class probabilities of net inputs of shape (classes, samples)."""
    powers = np.exp(net - net.max(axis=0))
    return powers / powers.sum(axis=0)


def sigmoid(net: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-net))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-net))


OUTPUT_FUNCTIONS = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softmax_squared": softmax,
}


def losses_and_hits(
    output_net_input: np.ndarray, labels: np.ndarray, output: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return each sample's loss, and whether its label is predicted.

    Parameters
    ----------
    output_net_input : array of float32, shape (classes, samples)
        What the output layer receives.
    labels : array of int, shape (samples,)
    output : str
        One of `OUTPUTS`.

    Returns
    -------
    losses : array of float64, shape (samples,)
        In nats; of ``"tanh"`` and ``"softmax_squared"`` squared errors.
    hits : array of bool, shape (samples,)
    """
    net = output_net_input.astype(np.float64)
    if output == "tanh":
        (value,) = np.tanh(net)
        return (value - (2.0 * labels - 1.0)) ** 2, (value > 0) == (labels == 1)
    samples = np.arange(len(labels))
    largest, hits = net[0], labels == 0
    for label, row in enumerate(net[1:], start=1):
        hits = np.where(row > largest, labels == label, hits)
        largest = np.maximum(row, largest)
    if output == "softmax":
        losses = largest + np.log(np.exp(net - largest).sum(axis=0)) - net[labels, samples]
    elif output == "softmax_squared":
        probabilities = softmax(net)
        probabilities[labels, samples] -= 1
        losses = (probabilities**2).mean(axis=0)
    else:
        # -log sigmoid(z) = softplus(-z); the wrong units have target 0, hence +z.
        net[labels, samples] *= -1.0
        power = np.exp(-np.abs(net))
        # log(1 + power) where that is exact to 1e-8, several times as fast as log1p.
        logarithm = np.where(power < 1e-8, power, np.log(1.0 + power))
        losses = (np.maximum(net, 0.0) + logarithm).mean(axis=0)
    return losses, hits
