"""Gradient statistics at frozen weights, by the definitions that the papers and their code used.

A gradient here is the derivative of the training loss (in nats, mean over the samples it is
taken on, without weight decay) with respect to the weights of a layer, flattened; biases are
left out. The weights stand still within a measurement: mini-batches are those that the next
epoch of training would meet, but no step is taken.

>>> moments = gradient_moments(
...     parameters, epochs, settings, inputs, labels, order_seed, batch_size=256
... )
>>> DEFINITIONS["szt_second"](moments).snr
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from infoplane._gradient_kernels import add_gradients
from infoplane.networks import split_parameters
from infoplane.settings import ACTIVATIONS, OUTPUTS, TrainingSettings
from infoplane.training._fused_kernels import STRIDE, TILE
from infoplane.training.fused_engine import aligned_zeros, row_starts, sample_table
from infoplane.training.schedule import shuffle_epoch


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


@dataclass(frozen=True)
class GradientStatistics:
    """Hold what one definition calls the mean, the standard deviation and their ratio.

    Attributes
    ----------
    mean_norm, std_norm, snr : arrays of float64, shape (..., layers)
        `snr` is infinite where the fluctuation alone is zero, NaN where the mean is zero too.
    """

    mean_norm: np.ndarray
    std_norm: np.ndarray
    snr: np.ndarray


def gradient_moments(
    parameters: np.ndarray,
    epochs: np.ndarray,
    settings: TrainingSettings,
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
    settings : TrainingSettings
        Gives widths, activation and output.
    inputs : array, shape (samples, features)
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
        If shapes do not fit together, a parameter is not finite, `batch_size` is below 1 or the
        network has noise or is quantised.

    Notes
    -----
    With errors delta and activations h below, a sample's gradient is delta h', whose squared
    norm is |delta|^2 |h|^2: no per-sample gradient is stored. The passes through the network are
    float32, like the weights, and cancel nowhere but in sums over samples; squares and sums over
    mini-batches are float64: over whole trainings of SZT's network the SNR is within 1e-3 of
    float64 arithmetic's, 1e-6 at the median. A variance that rounding makes negative is 0.
    """
    parameters = np.ascontiguousarray(parameters, dtype=np.float32)
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    layers = split_parameters(parameters, settings.widths)
    _check(parameters, epochs, settings, inputs, labels, batch_size)
    samples, batches = labels.size, -(-labels.size // batch_size)
    sizes = [above * below for below, above in itertools.pairwise(settings.widths)]
    first_weights = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    table = sample_table(inputs, labels, settings.widths[-1])
    starts, row_count = row_starts(settings.widths, table.shape[1])
    rows, slopes = aligned_zeros(row_count + 1, STRIDE), aligned_zeros(row_count + 1, STRIDE)
    # Vectors may run past the last sample; what they compute there is discarded.
    order = np.zeros(samples + TILE, dtype=np.int64)

    measured = np.empty((4, len(parameters), len(layers)))
    for snapshot, epoch in enumerate(epochs):
        shuffle_epoch(order[:samples], np.uint64(order_seed), int(epoch))
        totals, squares = np.zeros((2, sum(sizes))), np.zeros((2, len(layers)))
        add_gradients(
            np.array(settings.widths),
            ACTIVATIONS.index(settings.activation),
            OUTPUTS.index(settings.output),
            table,
            order,
            samples,
            batch_size,
            parameters[snapshot],
            starts,
            rows,
            slopes,
            totals,
            squares,
        )
        for part, draws in enumerate((batches, samples)):
            measured[2 * part : 2 * part + 2, snapshot] = mean_norm_and_variance(
                totals[part], squares[part], draws, first_weights
            )
    norms = [np.sqrt((w.astype(np.float64) ** 2).sum(axis=(-2, -1))) for w, _ in layers]
    return GradientMoments(*measured, weight_norm=np.stack(norms, axis=-1))


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
    square_of_mean = np.add.reduceat((total / draws) ** 2, first_weights)
    variance = np.maximum(squares / draws - square_of_mean, 0.0)
    if draws == 1:
        variance = np.full_like(variance, np.nan)
    return np.sqrt(square_of_mean), variance


def szt_first(moments: GradientMoments) -> GradientStatistics:
    """Divide mean and trace of the covariance by the weights' norm, layer by layer.

    Closest to the caption of SZT's figure 4. As published, the "standard deviation" is the
    trace itself, without a root: the ratio is no pure number, and doubles if the loss halves.
    """
    mean = _ratio(moments.batch_mean_norm, moments.weight_norm)
    std = _ratio(moments.batch_variance, moments.weight_norm)
    return GradientStatistics(mean, std, _ratio(mean, std))


def szt_second(moments: GradientMoments) -> GradientStatistics:
    """Add up norms and variances over this layer and all below, without weight norms.

    The standard deviation is the root of the summed traces; the ratio is that of the squares,
    (sum of mean norms)^2 / sum of traces.
    """
    mean = np.cumsum(moments.batch_mean_norm, axis=-1)
    variance = np.cumsum(moments.batch_variance, axis=-1)
    return GradientStatistics(mean, np.sqrt(variance), _ratio(mean**2, variance))


def szt_latest(moments: GradientMoments) -> GradientStatistics:
    """Add up norms and standard deviations over this layer and all below.

    Latest version of SZT's code: what is drawn as standard deviation is the root of the sum of
    the layers' roots of the trace; the ratio is (sum of mean norms)^2 / sum of roots.
    """
    mean = np.cumsum(moments.batch_mean_norm, axis=-1)
    deviation = np.cumsum(np.sqrt(moments.batch_variance), axis=-1)
    return GradientStatistics(mean, np.sqrt(deviation), _ratio(mean**2, deviation))


def saxe_sample(moments: GradientMoments) -> GradientStatistics:
    """Compare the norm of the mean with that of the elementwise standard deviation of samples.

    SAXE, figure 20: Frobenius norms per layer, over all training samples rather than batches.
    """
    mean, std = moments.sample_mean_norm, np.sqrt(moments.sample_variance)
    return GradientStatistics(mean, std, _ratio(mean, std))


DEFINITIONS = {
    definition.__name__: definition
    for definition in (szt_first, szt_second, szt_latest, saxe_sample)
}


def transition_epoch(epochs: np.ndarray, snr: np.ndarray) -> float:
    """Return the first epoch with SNR below 1 after one with SNR above 1 (SZT figure 4).

    Parameters
    ----------
    epochs : array of int, shape (snapshots,)
        Increasing.
    snr : array of float, shape (snapshots,)
        NaN is neither above nor below.

    Returns
    -------
    epoch : float
        NaN if the SNR never crosses from above.
    """
    epochs, snr = _check_series(epochs, snr)
    crossed = (np.cumsum(snr > 1.0) > 0) & (snr < 1.0)
    return float(epochs[crossed.argmax()]) if crossed.any() else float("nan")


def steepest_fall_epoch(epochs: np.ndarray, snr: np.ndarray, decades: float = 0.5) -> float:
    """Return the epoch around which log SNR falls fastest against log epoch.

    Parameters
    ----------
    epochs : array of int, shape (snapshots,)
        Increasing; epoch 0 has no logarithm and is left out.
    snr : array of float, shape (snapshots,)
        Values that are not finite or not above 0 are left out.
    decades : float
        Width, in decades of the epoch, of the window centred on each snapshot in which a
        straight line is fitted: neighbouring log-spaced snapshots are so close that their
        differences would be all noise.

    Returns
    -------
    epoch : float
        Centre of the window with the most negative slope, among those that lie within the
        epochs and hold at least three snapshots; NaN if no slope is negative.
    """
    epochs, snr = _check_series(epochs, snr)
    if not decades > 0:
        raise ValueError(f"decades must be above 0, not {decades}")
    usable = (epochs > 0) & np.isfinite(snr) & (snr > 0)
    epochs, time, level = epochs[usable], np.log10(epochs[usable]), np.log10(snr[usable])
    steepest, when = 0.0, float("nan")
    for epoch, centre in zip(epochs, time, strict=True):
        first, last = np.searchsorted(time, (centre - decades / 2, centre + decades / 2))
        inside = time[0] <= centre - decades / 2 and centre + decades / 2 <= time[-1]
        if not inside or last - first < 3:
            continue
        lever = time[first:last] - time[first:last].mean()
        slope = lever @ level[first:last] / (lever @ lever)
        if slope < steepest:
            steepest, when = slope, float(epoch)
    return when


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator


def _check_series(epochs, snr) -> tuple[np.ndarray, np.ndarray]:
    epochs, snr = np.asarray(epochs), np.asarray(snr, dtype=np.float64)
    if epochs.ndim != 1 or epochs.shape != snr.shape:
        raise ValueError(f"epochs {epochs.shape} and snr {snr.shape} must be two equal rows")
    if (np.diff(epochs) <= 0).any():
        raise ValueError("epochs must increase")
    return epochs, snr


def _check(parameters, epochs, settings, inputs, labels, batch_size) -> None:
    if settings.quantisation_bits is not None or settings.noise_standard_deviation > 0:
        raise ValueError(
            "gradient statistics are defined for plain networks only, without noise or quantisation"
        )
    if parameters.ndim != 2 or len(epochs) != len(parameters):
        raise ValueError(f"parameters of shape {parameters.shape} do not fit {len(epochs)} epochs")
    if not np.isfinite(parameters).all():
        raise ValueError("parameters must be finite: leave out what follows a divergence")
    if inputs.shape != (labels.size, settings.widths[0]) or labels.size == 0:
        raise ValueError(
            f"inputs of shape {inputs.shape} do not fit {labels.size} labels and an input "
            f"layer of {settings.widths[0]}"
        )
    if labels.min() < 0 or labels.max() >= settings.widths[-1]:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}, "
            f"but there are {settings.widths[-1]} output units"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
