"""Moments of the gradients of a network at frozen weights, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from infoplane.measures._gradient_kernels import add_gradients
from infoplane.networks.base import Network
from infoplane.networks.functions import COMPILED_ACTIVATIONS, CROSS_ENTROPY_OUTPUTS, OUTPUTS
from infoplane.networks.modules import ModuleNetwork
from infoplane.training.fused.kernels import STRIDE, TILE
from infoplane.training.fused.layout import aligned_zeros, row_starts, sample_table
from infoplane.training.shuffling import shuffle_epoch


@dataclass(frozen=True)
class GradientMoments:
    """Hold the moments of each layer's gradient that all definitions are made from.

    Attributes
    ----------
    batch_mean_norm : array of float64, shape (..., layers)
        Euclidean norm of the mean, over the mini-batches of one epoch, of the gradient.
    batch_variance : array of float64, shape (..., layers)
        Trace of the covariance of the mini-batch gradients, divided by their number (not by
        one less, as SZT's worked values show); NaN if there is but one mini-batch.
    sample_mean_norm, sample_variance : arrays of float64, shape (..., layers)
        The same over the training samples, each a draw of its own.
    weight_norm : array of float64, shape (..., layers)
        Frobenius norm of the weights.
    """

    batch_mean_norm: np.ndarray
    batch_variance: np.ndarray
    sample_mean_norm: np.ndarray
    sample_variance: np.ndarray
    weight_norm: np.ndarray


def gradient_moments(
    parameters: np.ndarray,
    epochs: np.ndarray,
    network: Network,
    inputs: np.ndarray,
    labels: np.ndarray,
    order_seed: int,
    batch_size: int,
) -> GradientMoments:
    """Measure the gradient of one network at each of its snapshots.

    Parameters
    ----------
    parameters : array of float32, shape (snapshots, parameters)
        In the layout of `infoplane.networks`.
    epochs : array of int, shape (snapshots,)
        The order of the samples is that of the pass which begins at each snapshot.
    network : Network
        Of fully connected layers, one on the other, or given as a module.
    inputs : array, shape (samples, ...)
        The network's training samples, in the order of its training set.
    labels : array of int, shape (samples,)
    order_seed : int
        The network's own seed of the orders of epochs.
    batch_size : int
        Samples per mini-batch, for networks that were trained on full batches too. The last
        mini-batch holds what is left and is a draw like the others, as in training.

    Returns
    -------
    GradientMoments
        Arrays of shape (snapshots, layers).

    Raises
    ------
    ValueError
        If shapes do not fit together, a parameter is not finite, `batch_size` is below 1 or such
        networks' gradients are not measured.

    Notes
    -----
    Of fully connected layers, with errors delta and activations h below, a sample's gradient is
    delta h', whose squared norm is |delta|^2 |h|^2: no per-sample gradient is stored. The passes
    through the network are float32, like the weights, and cancel nowhere but in sums over samples;
    squares and sums over mini-batches are float64: over whole trainings of SZT's network the SNR is
    within 1e-3 of float64 arithmetic's, 1e-6 at the median. Modules are float64 throughout. A
    variance that rounding makes negative is 0.
    """
    parameters = np.ascontiguousarray(parameters, dtype=np.float32)
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    _check(parameters, epochs, network, inputs, labels, batch_size)
    weights = network.weights(parameters)
    sizes = [math.prod(view.shape[1:]) for view in weights]
    first_weights = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    adder = _module_adder if isinstance(network, ModuleNetwork) else _dense_adder
    add = adder(network, inputs, labels, batch_size)
    # The compiled kernel's vectors may run past the last sample; what is there is discarded.
    samples = labels.size
    order = np.zeros(samples + TILE, dtype=np.int64)

    measured = np.empty((4, len(parameters), len(sizes)))
    for snapshot, epoch in enumerate(epochs):
        shuffle_epoch(order[:samples], np.uint64(order_seed), int(epoch))
        totals, squares = np.zeros((2, sum(sizes))), np.zeros((2, len(sizes)))
        add(parameters[snapshot], order, totals, squares)
        for part, draws in enumerate((-(-samples // batch_size), samples)):
            measured[2 * part : 2 * part + 2, snapshot] = mean_norm_and_variance(
                totals[part], squares[part], draws, first_weights
            )
    squares = [
        (view.astype(np.float64) ** 2).sum(axis=tuple(range(1, view.ndim))) for view in weights
    ]
    return GradientMoments(*measured, weight_norm=np.sqrt(np.stack(squares, axis=-1)))


def _dense_adder(
    network: Network, inputs: np.ndarray, labels: np.ndarray, batch_size: int
) -> Callable:
    """Return what adds the gradients of a snapshot, by the compiled kernel."""
    table = sample_table(inputs.reshape(len(inputs), -1), labels, network.widths[-1])
    starts, row_count = row_starts(network.widths, table.shape[1])
    rows, slopes = aligned_zeros(row_count + 1, STRIDE), aligned_zeros(row_count + 1, STRIDE)

    def add(
        parameters: np.ndarray, order: np.ndarray, totals: np.ndarray, squares: np.ndarray
    ) -> None:
        add_gradients(
            np.array(network.widths),
            COMPILED_ACTIVATIONS.index(network.activation),
            OUTPUTS.index(network.output),
            table,
            order,
            labels.size,
            batch_size,
            parameters,
            starts,
            rows,
            slopes,
            totals,
            squares,
        )

    return add


def _module_adder(
    network: ModuleNetwork, inputs: np.ndarray, labels: np.ndarray, batch_size: int
) -> Callable:
    """Return what adds the gradients of a snapshot, by PyTorch."""
    # PyTorch is loaded here: studies are planned without it.
    from infoplane.measures._module_gradients import ModuleGradients

    gradients = ModuleGradients(network, inputs, labels, batch_size)

    def add(
        parameters: np.ndarray, order: np.ndarray, totals: np.ndarray, squares: np.ndarray
    ) -> None:
        gradients.add(parameters, order[: labels.size], totals, squares)

    return add


def mean_norm_and_variance(
    total: np.ndarray, squares: np.ndarray, draws: int, first_weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the norm of the mean gradient and the trace of the covariance, layer by layer.

    Parameters
    ----------
    total : array of float64, shape (weights,)
        Sum of the gradients, layer after layer.
    squares : array of float64, shape (layers,)
        Sum of their squared norms.
    draws : int
        Number of gradients.
    first_weights : array of int, shape (layers,)
        Where each layer begins.

    Returns
    -------
    mean_norm, variance : arrays of float64, shape (layers,)
        The covariance is divided by the number of draws; with one draw it is NaN, because
        nothing is known about fluctuations.
    """
    # Not by reduceat, which gives a layer without weights the first square of the next one.
    parts = np.split((total / draws) ** 2, first_weights[1:])
    square_of_mean = np.array([part.sum() for part in parts])
    variance = np.maximum(squares / draws - square_of_mean, 0.0)
    if draws == 1:
        variance = np.full_like(variance, np.nan)
    return np.sqrt(square_of_mean), variance


def gradients_refusal(network: Network) -> str:
    """Say why such networks' gradients are not measured; nothing if they are."""
    if not network.is_plain:
        return (
            "gradient statistics are defined for plain networks only, without noise or quantisation"
        )
    if isinstance(network, ModuleNetwork):
        return ""
    if network.widths is None or network.activation not in COMPILED_ACTIVATIONS:
        return (
            "gradient statistics are measured of modules, and of fully connected layers with the "
            f"activations {', '.join(COMPILED_ACTIVATIONS)} only"
        )
    if network.output not in CROSS_ENTROPY_OUTPUTS:
        known = " or ".join(CROSS_ENTROPY_OUTPUTS)
        return f"gradient statistics are measured with {known} outputs only"
    return ""


def _check(parameters, epochs, network, inputs, labels, batch_size) -> None:
    if reason := gradients_refusal(network):
        raise ValueError(reason)
    if parameters.ndim != 2 or len(epochs) != len(parameters):
        raise ValueError(f"parameters of shape {parameters.shape} do not fit {len(epochs)} epochs")
    if not np.isfinite(parameters).all():
        raise ValueError("parameters must be finite: leave out what follows a divergence")
    if len(inputs) != labels.size or labels.size == 0:
        raise ValueError(f"inputs of shape {inputs.shape} do not fit {labels.size} labels")
    network.check_inputs(inputs.shape[1:])
    if labels.min() < 0 or labels.max() >= network.classes:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}, "
            f"but there are {network.classes} classes"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
