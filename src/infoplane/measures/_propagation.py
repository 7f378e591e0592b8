"""Information in every layer of a noisy network, by propagating samples of its noise."""

from __future__ import annotations

import numpy as np

from infoplane.estimators.base import check_labels
from infoplane.estimators.mixture_entropy import MixtureInformation, propagated_information
from infoplane.networks import Network
from infoplane.networks.dense import split_parameters


def propagated_centres(
    parameters: np.ndarray,
    network: Network,
    inputs: np.ndarray,
    draws: int,
    generator: np.random.Generator,
) -> list[np.ndarray]:
    """Run a noisy network several times on each input.

    Parameters
    ----------
    parameters : array of float32, shape (parameters,)
    network : Network
        Its `noise_standard_deviation` is that of every hidden unit.
    inputs : array of float32, shape (samples, features)
    draws : int
        Independent runs per input.
    generator : numpy.random.Generator

    Returns
    -------
    centres : list of array of float32, shape (samples, draws, units)
        S_l = f(W_l T_{l-1} + b_l) of every layer, before its own noise makes it T_l.
    """
    noise = np.float32(network.noise_standard_deviation)
    below = np.repeat(inputs.astype(np.float32), draws, axis=0)
    layers = []
    for number, (weights, biases) in enumerate(
        split_parameters(parameters, network.widths), start=1
    ):
        net = below @ weights.T + biases
        centres = network.layer_activation(net.T, number).T
        layers.append(centres.reshape(len(inputs), draws, -1))
        below = centres + noise * generator.standard_normal(centres.shape, dtype=np.float32)
    return layers


def noisy_network_information(
    parameters: np.ndarray,
    network: Network,
    inputs: np.ndarray,
    labels: np.ndarray,
    generator: np.random.Generator,
    patterns: int = 1024,
    own_draws: int = 256,
    draws: int = 8,
) -> list[MixtureInformation]:
    """Estimate I(X;T) and I(T;Y) of every layer of a noisy network, with standard errors.

    Parameters
    ----------
    parameters : array of float32, shape (parameters,)
    network : Network
        With a `noise_standard_deviation` above 0.
    inputs : array of float32, shape (samples, features)
        X is uniform over these.
    labels : array of int, shape (samples,)
    generator : numpy.random.Generator
    patterns : int
        Inputs, drawn without replacement, that the expectation is averaged over; at most all.
    own_draws : int
        Runs of the network per averaged input, for p(t|x): more take away bias.
    draws : int
        Runs per input of all, for p(t).

    Returns
    -------
    layers : list of MixtureInformation
        Layer 1 .. L. The network has no noise on its output layer; there the same noise is
        added for the measurement only.

    Raises
    ------
    ValueError
        If there is no noise, a parameter is NaN or infinite, there is not one label for each
        input, or all labels are equal.

    References
    ----------
    Goldfeld et al. (2019), ICML, "Estimating information flow in deep neural networks",
    sections 3 and 4.
    """
    if not network.noise_standard_deviation > 0:
        raise ValueError(
            "noise_standard_deviation must be above 0: without noise the information of a "
            "network with continuous activations is not defined"
        )
    unusable = np.flatnonzero(~np.isfinite(parameters))
    if unusable.size:
        raise ValueError(
            f"parameters must be finite; number {unusable[0]} is {parameters[unusable[0]]}"
        )
    labels = check_labels(labels, len(inputs))
    chosen = generator.permutation(len(inputs))[:patterns]
    own = propagated_centres(parameters, network, inputs[chosen], own_draws, generator)
    background = propagated_centres(parameters, network, inputs, draws, generator)
    return [
        propagated_information(
            own_centres, chosen, centres, labels, network.noise_standard_deviation, generator
        )
        for own_centres, centres in zip(own, background, strict=True)
    ]
