"""Compress, then estimate: information of images and layers in a few dimensions each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_not_negative, require_whole
from infoplane.estimators._weighted_neighbours import neighbour_weights, weighted_entropy_bits
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.training.schedule import seed_sequence

# Directions with less of the largest one's variance are rounding in float32.
LEAST_VARIANCE = 1e-10
COLUMNS = ("estimator", "mi_input_bits", "mi_label_bits", "ceiling_bits")
COMPRESSIONS = ("principal_components", "autoencoder")
"""By what X or a layer is compressed."""


def compressed(
    values: np.ndarray, dimensions: int, by: str = "principal_components", seed: int = 0
) -> np.ndarray:
    """Return samples in a few dimensions.

    Parameters
    ----------
    values : array of float, shape (samples, units)
    dimensions : int
        At most so many; fewer where values do not vary in as many.
    by : str
        One of `COMPRESSIONS`: the first principal components, each with variance 1, or the code of
        an autoencoder that starts from them.
    seed : int
        Of the autoencoder.

    Returns
    -------
    components : array of float64, shape (samples, components)
        None of them where all rows are the same.
    """
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    if not centred.any():
        return np.empty((len(values), 0))
    # Of a covariance, not of the samples: units are fewer.
    variances, directions = np.linalg.eigh(centred.T @ centred / len(values))
    kept = variances > LEAST_VARIANCE * variances[-1]
    kept[:-dimensions] = False
    if by == "autoencoder":
        # PyTorch is imported where it is used: planning does not wait for it.
        from infoplane.measures._autoencoder import encoded

        return encoded(centred, directions[:, kept], seed)[0]
    return centred @ directions[:, kept] / np.sqrt(variances[kept])


@dataclass(frozen=True)
class Compressed:
    """Hold a compressed variable, whose entropy several estimates share.

    Attributes
    ----------
    values : array of float64, shape (samples, components)
    neighbours : int
        k of the weighted Kozachenko-Leonenko estimator.
    """

    values: np.ndarray
    neighbours: int

    @cached_property
    def entropy_bits(self) -> float:
        """Return the variable's differential entropy, by `weighted_entropy_bits`."""
        return weighted_entropy_bits(self.values, self.neighbours)


def compressed_information_bits(x: Compressed, t: Compressed) -> float:
    """Estimate I(X;T) of two variables that have been compressed.

    Parameters
    ----------
    x, t : Compressed
        Of the same samples, with as many neighbours.

    Returns
    -------
    float
        h(X) + h(T) - h(X, T) in bits, by `weighted_entropy_bits`: 0 where one has no component,
        NaN where a row is there twice.
    """
    if not x.values.shape[1] or not t.values.shape[1]:
        return 0.0
    both = weighted_entropy_bits(np.hstack([x.values, t.values]), t.neighbours)
    bits = x.entropy_bits + t.entropy_bits - both
    return bits if math.isfinite(bits) else math.nan


def compressed_label_bits(t: Compressed, labels: np.ndarray) -> float:
    """Estimate I(T;Y) of a compressed variable and a class, likewise.

    Parameters
    ----------
    t : Compressed
    labels : array of int, shape (samples,)
        Each class has more samples than there are neighbours.

    Returns
    -------
    float
        h(T) - sum_y p(y) h(T|y) in bits.
    """
    if not t.values.shape[1]:
        return 0.0
    given = 0.0
    for label in np.unique(labels):
        members = t.values[labels == label]
        if len(members) <= t.neighbours:
            raise ValueError(
                f"label {label} has {len(members)} samples for {t.neighbours} neighbours"
            )
        given += len(members) / len(labels) * weighted_entropy_bits(members, t.neighbours)
    bits = t.entropy_bits - given
    return bits if math.isfinite(bits) else math.nan


@dataclass(frozen=True)
class CompressedNeighboursMeasure(Measure):
    """Estimate I(X;T) and I(T;Y) from X and each layer in a few dimensions.

    Parameters
    ----------
    label : str
        Its estimates are ``{label}_matched``, of each input with what the layer makes of it, and
        ``{label}_mismatched``, of each input with another one's layer, which share no information.
    dimensions : int
        Components of X, and of T, at most.
    neighbours : int
        k of the weighted Kozachenko-Leonenko estimator.
    relative_noise : float
        Standard deviation of the noise that each unit is multiplied by, about 1, as a share.
    inputs_by, layers_by : str
        What compresses X, and what each layer: one of `COMPRESSIONS`.

    Notes
    -----
    What components leave out is lost: the information of compressed variables is never more than
    that of the whole ones, and compressing the layer anew at each epoch changes what is left out.
    Five neighbours in the eight dimensions of both have weights of up to 10 in size, so that the
    entropy of 4000 Gaussian samples is off by most of a bit; mismatched pairs show how far.

    References
    ----------
    Butakov et al. (2024), ICLR, "Information bottleneck analysis of deep neural networks via lossy
    compression": four dimensions, k = 5, multiplicative noise of 1e-3; X by a convolutional
    autoencoder, here by a dense one or by principal components, layers by principal components.
    Their CIFAR-10 run pairs a shuffled X with unshuffled layers.
    """

    name: ClassVar[str] = "compressed_neighbours"
    table: ClassVar[str] = "information"

    dimensions: int = 4
    neighbours: int = 5
    relative_noise: float = 1e-3
    inputs_by: str = "principal_components"
    layers_by: str = "principal_components"

    def __post_init__(self):
        for key in ("inputs_by", "layers_by"):
            require_choice(key, getattr(self, key), COMPRESSIONS)
        require_whole("dimensions", self.dimensions, at_least=1)
        require_whole("neighbours", self.neighbours, at_least=1)
        require_not_negative("relative_noise", self.relative_noise)
        neighbour_weights(self.neighbours, 2 * self.dimensions)

    def estimators(self) -> tuple[str, ...]:
        """Return the names of both estimates."""
        return (f"{self.label}_matched", f"{self.label}_mismatched")

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, estimator, mi_input_bits, mi_label_bits, ceiling_bits``, in bits; NaN
            where a compressed row is there twice. The ceiling is the logarithm of the samples,
            which the estimates of continuous variables may exceed. The noise, which inputs are
            exchanged, and where autoencoders start are the same at every snapshot.
        """
        inputs, labels = trained.evaluated_inputs, trained.evaluated_labels
        samples = len(labels)
        noise, exchanged = (
            np.random.default_rng(seed_sequence(trained.seed, trained.initialisation, purpose))
            for purpose in ("noise", "permutation")
        )
        # A source apart from the noise's own draws.
        (start,) = seed_sequence(trained.seed, trained.initialisation, "noise").spawn(1)
        seed = int(start.generate_state(1)[0])
        components = compressed(inputs.reshape(samples, -1), self.dimensions, self.inputs_by, seed)
        x, others = (
            Compressed(rows, self.neighbours)
            for rows in (components, components[exchanged.permutation(samples)])
        )
        factors = [
            1 + self.relative_noise * noise.standard_normal((samples, units))
            for units in trained.network.units
        ]
        rows = []
        for epoch, layers in trained.layers():
            for layer, (values, factor) in enumerate(zip(layers, factors, strict=True), start=1):
                components = compressed(values * factor, self.dimensions, self.layers_by, seed)
                t = Compressed(components, self.neighbours)
                about_label = compressed_label_bits(t, labels)
                for name, paired in zip(self.estimators(), (x, others), strict=True):
                    bits = compressed_information_bits(paired, t)
                    rows.append((epoch, layer, name, bits, about_label, math.log2(samples)))
        return columns_of(COLUMNS, rows)
