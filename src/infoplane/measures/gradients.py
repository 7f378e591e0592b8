"""Gradient statistics at frozen weights, by the definitions that the papers and their code used.

A gradient here is the derivative of the training loss (in nats, mean over the samples it is
taken on, without weight decay) with respect to the weights of a layer, flattened; biases are
left out. The weights stand still within a measurement: mini-batches are those that the next
epoch of training would meet, but no step is taken.

>>> moments = gradient_moments(
...     parameters, epochs, network, inputs, labels, order_seed, batch_size=256
... )
>>> DEFINITIONS["szt_second"](moments).snr
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.measures._gradient_moments import (
    GradientMoments,
    gradient_moments,
    gradients_refusal,
)
from infoplane.measures.base import Measure, TrainedNetwork
from infoplane.networks.base import Network
from infoplane.training.schedule import seed_sequence

log = logging.getLogger("infoplane")


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


def saxe_batch(moments: GradientMoments) -> GradientStatistics:
    """Compare the same norms over mini-batches, as SAXE's published code does.

    The mean is that of `saxe_sample` where mini-batches are of one size; the deviation is smaller
    by about the root of that size.
    """
    mean, std = moments.batch_mean_norm, np.sqrt(moments.batch_variance)
    return GradientStatistics(mean, std, _ratio(mean, std))


DEFINITIONS = {
    definition.__name__: definition
    for definition in (szt_first, szt_second, szt_latest, saxe_sample, saxe_batch)
}


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return numerator / denominator


@dataclass(frozen=True)
class GradientsMeasure(Measure):
    """Measure the gradients' mean, deviation and ratio of every layer, in all definitions.

    Parameters
    ----------
    label : str
    batch_size : int
        Samples per mini-batch; at least two mini-batches are needed for a fluctuation.
    """

    name: ClassVar[str] = "gradients"
    table: ClassVar[str] = "gradients"
    stage: ClassVar[str] = "compute_gradient_snr"

    batch_size: int = 256

    def __post_init__(self):
        require_whole("batch_size", self.batch_size, at_least=1)

    def refusal(self, network: Network) -> str:
        """Say why such networks' gradients are not measured."""
        return gradients_refusal(network)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network on its training samples.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, definition, mean_norm, std_norm, snr, weight_norm``, of the weights'
            gradients at frozen weights, losses in nats.
        """
        samples = trained.training_samples
        if self.batch_size >= len(samples):
            log.warning(
                "batch_size %d makes one mini-batch of %d training samples: SZT's definitions "
                "have no fluctuation to measure, std_norm and snr are NaN",
                self.batch_size,
                len(samples),
            )
        order = seed_sequence(trained.seed, trained.initialisation, "order")
        moments = gradient_moments(
            np.array([parameters for _, parameters in trained.snapshots()], np.float32).reshape(
                len(trained.epochs), trained.network.parameter_count
            ),
            trained.epochs,
            trained.network,
            trained.inputs[samples],
            trained.labels[samples],
            order.generate_state(1, np.uint64)[0],
            self.batch_size,
        )
        return _columns(trained.epochs, moments)


def _columns(epochs: np.ndarray, moments: GradientMoments) -> dict[str, np.ndarray]:
    """Lay one network's statistics out in rows: by epoch, then layer, then definition."""
    statistics = [definition(moments) for definition in DEFINITIONS.values()]
    shape = (*moments.weight_norm.shape, len(statistics))
    epoch, layer, definition = np.indices(shape).reshape(3, -1)
    return {
        "epoch": epochs[epoch].astype(np.int32),
        "layer": (layer + 1).astype(np.int32),
        "definition": np.array(list(DEFINITIONS))[definition],
        **{
            name: np.stack([getattr(entry, name) for entry in statistics], axis=-1).ravel()
            for name in ("mean_norm", "std_norm", "snr")
        },
        "weight_norm": np.repeat(moments.weight_norm.ravel(), len(statistics)),
    }
