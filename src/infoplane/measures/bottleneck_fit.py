"""How near a layer is to the information bottleneck: its plane and the beta that fits it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from scipy.special import xlogy

from infoplane.checks import require_whole
from infoplane.estimators.binned import BinnedEstimator
from infoplane.measures.base import Measure, TrainedNetwork, columns_of, two_numbers
from infoplane.models.annealing import Inputs, divergences, merged
from infoplane.models.bottleneck import label_logits

COLUMNS = ("mi_input_bits", "mi_label_bits", "beta", "divergence_bits")
# Betas above this are infinite: each input is then in the nearest cluster anyway.
LARGEST_BETA = 1e6


@dataclass(frozen=True)
class BottleneckFitMeasure(Measure):
    """Measure the information of binned layers with p(y given x), not the labels drawn from it.

    With drawn labels a layer that keeps all patterns apart would have I(T;Y) = H(Y), more than
    I(X;Y) and above the bottleneck curve.

    Parameters
    ----------
    label : str
    bins : int
    range : sequence of two float
        Of the bins, in units of activation; values outside are an error.

    References
    ----------
    Shwartz-Ziv & Tishby (2017), figure 6: the beta of minimum divergence.
    """

    name: ClassVar[str] = "bottleneck_fit"
    table: ClassVar[str] = "bottleneck_fit"

    bins: int
    range: Sequence[float]

    def __post_init__(self):
        require_whole("bins", self.bins, at_least=2)
        low, high = two_numbers(self.range)
        BinnedEstimator(bins=self.bins, low=low, high=high)

    def methods(self) -> tuple[str, ...]:
        """Return ``("binned",)``."""
        return ("binned",)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork
            Its p(y given x) must be known, of two classes.

        Returns
        -------
        columns : dict of array
            ``epoch, layer, mi_input_bits, mi_label_bits``; ``beta``, bits of I(X;T) for a bit of
            I(T;Y), at which the bottleneck's encoder is nearest to the layer's, infinite where no
            other is; ``divergence_bits``, how far they still are apart.
        """
        logits = label_logits(trained.label_probability)[trained.patterns]
        inputs, groups = merged(np.full(len(logits), 1 / len(logits)), logits)
        low, high = self.range
        binned = BinnedEstimator(bins=self.bins, low=low, high=high)
        rows = []
        for epoch, layers in trained.layers():
            for layer, values in enumerate(layers, start=1):
                states = np.unique(binned.states(values), return_inverse=True)[1]
                rows.append((epoch, layer, *fit_bottleneck(inputs, groups, states)))
        return columns_of(COLUMNS, rows)


def fit_bottleneck(
    inputs: Inputs, groups: np.ndarray, states: np.ndarray
) -> tuple[float, float, float, float]:
    """Measure a deterministic encoder, and find the beta whose bottleneck encoder is nearest.

    Parameters
    ----------
    inputs : Inputs
        Different p(y given x).
    groups : array of int, shape (samples,)
        Which of them each pattern has; patterns are equally probable.
    states : array of int, shape (samples,)
        The value of T of each pattern, numbered from 0.

    Returns
    -------
    input_bits, label_bits, beta, divergence_bits : float

    Notes
    -----
    For a layer's decoder p(y given t) and its p(t), the bottleneck's encoder is
    p_beta(t given x) = p(t) exp(-beta KL(p(y given x) || p(y given t))) / Z(x). Its mean divergence
    from the layer's own, which gives x the one t(x), is

        E[-log p(t(x))] + beta E[KL(x || t(x))] + E[log Z(x)],

    convex in beta, for log Z is a log-sum-exp. So its minimum is where the slope is 0,
    E[KL(x || t(x))] = E[KL(x || t)] under p_beta; at 0 or infinity if there is no such place.
    """
    samples = len(states)
    weights = np.bincount(states) / samples
    labelled = np.stack(
        [np.bincount(states, inputs.probability[groups, y]) / samples for y in (0, 1)]
    )
    classes = labelled.sum(axis=1)
    input_nats = -xlogy(weights, weights).sum()
    label_nats = (
        xlogy(labelled, labelled).sum()
        - xlogy(weights, weights).sum()
        - xlogy(classes, classes).sum()
    )
    with np.errstate(divide="ignore"):
        logits = np.log(labelled[1]) - np.log(labelled[0])
    # Clusters with equal p(y given t) are equally far from every input.
    clusters, cluster_of_state = merged(weights, logits)
    cluster = cluster_of_state[states]
    distances = divergences(inputs, clusters.logits)
    own = float(distances[groups, cluster].mean())
    beta = _flattest(inputs.weights, distances, np.log(clusters.weights), own)
    among_equals = np.log(clusters.weights[cluster] / weights[states]).mean()
    if math.isinf(beta):
        nearest = distances <= distances.min(axis=1, keepdims=True) + 1e-12
        ties = np.log((nearest * clusters.weights).sum(axis=1))
        divergence = among_equals + inputs.weights @ ties - np.log(clusters.weights[cluster]).mean()
    else:
        normaliser = np.logaddexp.reduce(np.log(clusters.weights) - beta * distances, axis=1)
        divergence = among_equals - np.log(clusters.weights[cluster]).mean()
        divergence += beta * own + inputs.weights @ normaliser
    bits = (value / math.log(2) for value in (input_nats, label_nats, divergence))
    input_bits, label_bits, divergence_bits = map(float, bits)
    return input_bits, label_bits, beta, divergence_bits


def _flattest(
    shares: np.ndarray, distances: np.ndarray, log_weights: np.ndarray, own: float
) -> float:
    """Return where the slope of the divergence in beta changes its sign."""

    def slope(beta: float) -> float:
        exponents = log_weights - beta * distances
        encoder = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        mean = (encoder * distances).sum(axis=1) / encoder.sum(axis=1)
        return own - float(shares @ mean)

    # No encoder can be nearer than each input in its nearest cluster.
    if own <= float(shares @ distances.min(axis=1)) + 1e-12:
        return math.inf
    if slope(0.0) >= 0:
        return 0.0
    high = 1.0
    while slope(high) < 0:
        if high > LARGEST_BETA:
            return math.inf
        high *= 4
    return float(scipy.optimize.brentq(slope, 0.0 if high == 1.0 else high / 4, high, rtol=1e-10))
