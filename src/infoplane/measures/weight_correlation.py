"""Whether networks that were trained apart have weights alike, and alike but for their units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import scipy

from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.networks import Network

ODD_ACTIVATIONS = ("tanh", "linear", "softsign")
COLUMNS = ("correlation", "matched_correlation")


@dataclass(frozen=True)
class WeightCorrelationMeasure(Measure):
    """Correlate the weights of two networks, as they stand and with their units matched.

    Which unit of a layer is the first is arbitrary, and of an odd activation the sign of a unit is:
    two networks may be the same and share no weight. So the units of the second network are put in
    the order, and given the signs, that correlate its weights most with the first's, layer by layer
    from the input. Matching finds likeness in anything: how much, two networks before training
    tell, which are drawn independently.

    Parameters
    ----------
    label : str

    References
    ----------
    Shwartz-Ziv & Tishby (2017), section 3.4: independent networks have no weights in common.
    """

    name: ClassVar[str] = "weight_correlation"
    table: ClassVar[str] = "weight_correlation"
    stage: ClassVar[str] = "measure_groups"
    networks: ClassVar[int] = 2

    def refusal(self, network: Network) -> str:
        """Return why it does not apply: units are matched where weights are matrices."""
        # One number seen as all parameters: a network may be too large to be made.
        layers = network.weights(np.broadcast_to(np.float32(0), (network.parameter_count,)))
        if all(weights.ndim == 2 for weights in layers) and all(
            len(below) == above.shape[1] for below, above in pairwise(layers)
        ):
            return ""
        return f"units are matched where layers are dense, which those of {network.name} are not"

    def measure_group(self, group: Sequence[TrainedNetwork]) -> dict[str, np.ndarray]:
        """Correlate the weights of two networks.

        Parameters
        ----------
        group : sequence of TrainedNetwork
            Two, of one run.

        Returns
        -------
        columns : dict of array
            ``epoch, layer`` and absolute Pearson correlations over a layer's weights, biases left
            out: ``correlation`` as they stand, and ``matched_correlation``.
        """
        first, second = group
        odd = first.network.activation in ODD_ACTIVATIONS
        rows = []
        for (epoch, one), (_, other) in zip(first.snapshots(), second.snapshots(), strict=False):
            weights = [
                [layer.astype(np.float64) for layer in network.network.weights(parameters)]
                for network, parameters in ((first, one), (second, other))
            ]
            found = correlations(*weights, odd)
            rows += [(epoch, layer, *pair) for layer, pair in enumerate(found, start=1)]
        return columns_of(COLUMNS, rows)


def correlations(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], odd: bool
) -> list[tuple[float, float]]:
    """Return the absolute correlation of each layer's weights, as they stand and matched.

    Parameters
    ----------
    first, second : sequence of array of float64, shape (units, units below)
        Weights of layers 1 .. L.
    odd : bool
        Whether a unit may be mirrored.

    Returns
    -------
    correlations : list of (float, float)
    """
    pairs = zip(first, second, matched(first, second, odd), strict=True)
    return [(absolute_correlation(a, b), absolute_correlation(a, c)) for a, b, c in pairs]


def matched(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], odd: bool
) -> Iterator[np.ndarray]:
    """Yield each layer's weights of the second network with its units matched to the first's.

    The sums and the squares of a layer's weights do not depend on the order of its units, so that
    the order with the largest sum of products has the largest correlation: an assignment problem.
    It is solved given the order of the layer below; the output's units have their meaning and
    stay.

    Parameters
    ----------
    first, second : sequence of array of float64, shape (units, units below)
    odd : bool

    Yields
    ------
    weights : array of float64, shape (units, units below)
    """
    order, signs = np.arange(first[0].shape[1]), np.ones(first[0].shape[1])
    for number, (ours, theirs) in enumerate(zip(first, second, strict=True), start=1):
        known = theirs[:, order] * signs
        if number < len(first):
            products = ours @ known.T
            _, order = scipy.optimize.linear_sum_assignment(
                np.abs(products) if odd else products, maximize=True
            )
            of_pairs = products[np.arange(len(order)), order]
            signs = np.where(of_pairs < 0, -1.0, 1.0) if odd else np.ones(len(order))
            known = known[order] * signs[:, None]
        yield known


def absolute_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the absolute Pearson correlation of two arrays' entries; 0 where one is constant."""
    one, other = (values.ravel() - values.mean() for values in (first, second))
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float(abs(one @ other) / size) if size else 0.0
