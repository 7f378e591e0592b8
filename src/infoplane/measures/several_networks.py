"""Information of one layer over several networks: the "extended" estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.estimators.base import Estimate, check_activations, check_labels
from infoplane.estimators.binned import BinnedEstimator
from infoplane.estimators.discrete import conditional_entropy_bits, entropy_bits
from infoplane.measures.base import Measure, TrainedNetwork, columns_of, two_numbers
from infoplane.networks.base import Network

ESTIMATED = (
    *("mi_input_bits", "mi_label_bits", "conditional_entropy_bits"),
    *("published_mi_input_bits", "single_mi_input_bits", "ceiling_bits"),
)


@dataclass(frozen=True)
class MultiNetworkEstimate(Estimate):
    """Hold the information of a layer whose network is drawn from several.

    Attributes
    ----------
    mi_input_bits : float
        I(X;T) = H(T) - H(T|X), in bits.
    mi_label_bits : float
        I(T;Y) = H(T) - H(T|Y), in bits.
    ceiling_bits : float
        log2(samples), the largest I(X;T), in bits. The published value can exceed it.
    conditional_entropy_bits : float
        H(T|X), in bits: what the choice of the network adds.
    published_mi_input_bits : float
        H(T), in bits: the value with H(T|X) taken as 0, as published.
    single_mi_input_bits : array of float, shape (networks,)
        I(X;T_k) = H(T_k) of each network alone, in bits.
    """

    conditional_entropy_bits: float
    published_mi_input_bits: float
    single_mi_input_bits: np.ndarray


@dataclass(frozen=True)
class SeveralNetworksMeasure(Measure):
    """Take the same layer of several networks for one whose network is drawn at random.

    Every network is as probable as the others, and every pattern occurs once in each. Units of
    networks that were trained apart carry no common meaning. Plug-in entropies, without a bias
    correction.

    Parameters
    ----------
    label : str
    networks : int
        How many make a group.
    bins : int, optional
    range : sequence of two float, optional
        One set of intervals for all networks, in units of activation.
    bin_width : float, optional
        In place of `bins` and `range`.
    layers : sequence of int, optional
        Only these, from 1 on; by default all.
    """

    name: ClassVar[str] = "several_networks"
    table: ClassVar[str] = "several_networks"
    stage: ClassVar[str] = "measure_groups"

    networks: int
    bins: int | None = None
    range: Sequence[float] | None = None
    bin_width: float | None = None
    layers: Sequence[int] | None = None

    def __post_init__(self) -> None:
        require_whole("networks", self.networks, at_least=1)
        for layer in self.layers or ():
            require_whole("layers", layer, at_least=1)
        if self.bin_width is None and self.range is None:
            raise ValueError("range is missing: all networks share one, or one bin_width")
        self.binning()

    def refusal(self, network: Network) -> str:
        """Say which layer a network has not."""
        missing = [layer for layer in self.layers or () if layer > network.layers]
        return f"layers: {missing[0]} is none of 1 to {network.layers}" if missing else ""

    def binning(self) -> BinnedEstimator:
        """Return the intervals that all networks share."""
        low, high = (None, None) if self.range is None else two_numbers(self.range)
        return BinnedEstimator(bins=self.bins, low=low, high=high, bin_width=self.bin_width)

    def estimators(self) -> tuple[str, ...]:
        """Return the measurement's own name."""
        return (self.label,)

    def methods(self) -> tuple[str, ...]:
        """Return the method that bins."""
        return (BinnedEstimator.name,)

    def measure_group(self, group: Sequence[TrainedNetwork]) -> dict[str, np.ndarray]:
        """Measure a group of networks of one run.

        Parameters
        ----------
        group : sequence of TrainedNetwork
            The first that diverges ends the group's snapshots.

        Returns
        -------
        columns : dict of array
            ``epoch, layer, networks, estimator`` and `ESTIMATED`, in bits; of the single
            networks the mean.

        Raises
        ------
        ValueError
            If the networks are measured on different patterns.
        """
        first, binning = group[0], self.binning()
        if any(not np.array_equal(network.patterns, first.patterns) for network in group):
            raise ValueError("several networks must be measured on the same patterns")
        rows = []
        for at_epoch in zip(*(network.layers() for network in group), strict=False):
            epoch = at_epoch[0][0]
            layers = zip(*(each for _, each in at_epoch), strict=True)
            for layer, values in enumerate(layers, start=1):
                if self.layers is not None and layer not in self.layers:
                    continue
                found = multi_network_information(np.stack(values), first.evaluated_labels, binning)
                bits = (np.mean(getattr(found, name)) for name in ESTIMATED)
                rows.append((epoch, layer, np.int32(self.networks), self.label, *bits))
        return columns_of(("networks", "estimator", *ESTIMATED), rows)


def multi_network_information(
    activations: np.ndarray, labels: np.ndarray, binning: BinnedEstimator
) -> MultiNetworkEstimate:
    """Estimate the information of a layer over several networks, binned.

    The representation of an input is that of a network chosen at random,
    p(t|x) = (1/K) sum_k delta(t - t_k(x)), so that H(T|X) > 0 where networks differ.

    Parameters
    ----------
    activations : array of float, shape (networks, samples, units)
        The same layer of each network, for the same patterns, each pattern once.
    labels : array of int, shape (samples,)
    binning : BinnedEstimator
        The intervals, shared by all networks.

    Returns
    -------
    MultiNetworkEstimate
        In bits.

    Raises
    ------
    ValueError
        If there is no network, or for what the binned estimator refuses; of values that are not
        finite, the message names the network.

    Notes
    -----
    I(X;T) <= mean_k I(X;T_k). With K the number of the network, independent of X:
    I(X;T) <= I(X;T,K) = I(X;K) + I(X;T|K) = 0 + mean_k I(X;T_k).
    Units of independently trained networks carry no common meaning, so the mixture over
    networks says little about any one of them.

    References
    ----------
    The "extended" estimator of the Skoltech replication of Shwartz-Ziv & Tishby (2017), which
    takes H(T|X) as 0.
    """
    activations = np.asarray(activations)
    if activations.ndim != 3 or 0 in activations.shape:
        raise ValueError(
            "activations must have shape (networks, samples, units), all at least 1, not "
            f"{activations.shape}"
        )
    networks, samples, units = activations.shape
    for number, network in enumerate(activations):
        try:
            check_activations(network)
        except ValueError as error:
            raise ValueError(f"network {number}: {error}") from error
    row_labels = np.tile(check_labels(labels, samples), networks)
    rows = activations.reshape(networks * samples, units)
    states = np.unique(binning.states(rows), return_inverse=True)[1]
    patterns = np.tile(np.arange(samples), networks)
    entropy = entropy_bits(states)
    given_input = conditional_entropy_bits(states, patterns)
    return MultiNetworkEstimate(
        mi_input_bits=entropy - given_input,
        mi_label_bits=entropy - conditional_entropy_bits(states, row_labels),
        conditional_entropy_bits=given_input,
        published_mi_input_bits=entropy,
        single_mi_input_bits=np.array(
            [entropy_bits(of_network) for of_network in states.reshape(networks, samples)]
        ),
        ceiling_bits=math.log2(samples),
    )
