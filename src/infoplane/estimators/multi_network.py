"""Information of one layer over several networks: the "extended" estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.estimators.base import Estimate, check_activations, check_labels
from infoplane.estimators.binned import BinnedEstimator
from infoplane.estimators.checks import require_whole
from infoplane.estimators.discrete import conditional_entropy_bits, entropy_bits


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
class MultiNetworkEstimator(BinnedEstimator):
    """Take the same layer of several networks for one whose network is drawn at random.

    Parameters
    ----------
    networks : int
        How many. The samples are those of the first network, then the same patterns in the same
        order of the second, and so on; the labels are repeated with them.
    bins, low, high, bin_width, outside
        As of `BinnedEstimator`: one set of intervals for all networks.

    Notes
    -----
    See `multi_network_information`, which takes a layer of each network as an array of its own.
    """

    method: ClassVar[str] = "multi_network"
    assumptions: ClassVar[str] = (
        "The representation of a pattern is that of one of some networks, each as probable as the "
        "others; every pattern occurs once in each. Units of networks that were trained apart "
        "carry no common meaning. Plug-in entropies, without a bias correction."
    )

    networks: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.networks is None:
            raise ValueError("networks is missing; say how many networks the samples are of")
        require_whole("networks", self.networks, at_least=1)

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> MultiNetworkEstimate:
        rows, units = activations.shape
        if rows % self.networks:
            raise ValueError(f"{rows} samples are not equally many of {self.networks} networks")
        labels = labels.reshape(self.networks, -1)
        if (labels != labels[0]).any():
            raise ValueError("labels must be the same for each network, in the same order")
        layers = activations.reshape(self.networks, -1, units)
        return multi_network_information(layers, labels[0], self)


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
