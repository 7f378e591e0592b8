"""The one interface that every estimator of mutual information has."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from infoplane.networks import Network

READABLE = ("activations", "net_inputs")


@dataclass(frozen=True)
class Estimate:
    """Hold one estimate for one layer at one epoch, raw and never clipped.

    Attributes
    ----------
    mi_input_bits : float
        I(X;T) in bits, between the input pattern X and the representation T. NaN if the
        estimator does not give it.
    mi_label_bits : float
        I(T;Y) in bits, between the representation T and the label Y. NaN if the
        estimator does not give it.
    ceiling_bits : float
        The largest I(X;T) that the estimator could have returned for these samples, in bits;
        an estimate near it says nothing about the layer.
    """

    mi_input_bits: float
    mi_label_bits: float
    ceiling_bits: float


class Estimator:
    """Serve as the base of all estimators: small frozen dataclasses with one call.

    Subclasses are frozen dataclasses whose fields are their parameters, and implement `_estimate`,
    or `one_pass` and `chosen` if one pass over the samples gives what several of them ask for.

    Attributes
    ----------
    name : str
        The method's, and of the module that it stands in.
    assumptions : str
        What it takes for granted.
    reads : str
        What of a layer it is to be given, one of `READABLE`.
    choosing : tuple of str
        Parameters that only choose among what one pass gives.
    copies : float
        How many copies of a layer in double precision an estimate holds at once.
    """

    name: ClassVar[str]
    assumptions: ClassVar[str]
    reads: ClassVar[str] = "activations"
    choosing: ClassVar[tuple[str, ...]] = ()
    copies: ClassVar[float] = 0.0

    def __call__(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        """Estimate I(X;T) and I(T;Y) of one layer.

        Parameters
        ----------
        activations : array of float, shape (samples, units)
            The layer's output for every input pattern, each pattern once; of an estimator that
            reads ``"net_inputs"``, what the layer's units receive before their nonlinearity.
        labels : array of int, shape (samples,)
            The class of each pattern.

        Returns
        -------
        Estimate
            Both quantities in bits.

        Raises
        ------
        ValueError
            If an array has the wrong shape, is empty, or holds NaN or infinite values, if there
            is a single class, or if the estimator's own assumptions are broken.
        """
        return self.of_checked(*check_samples(activations, labels))

    def of_checked(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        """Estimate from samples that `check_samples` returned, once for several estimators.

        Parameters
        ----------
        activations : array of float, shape (samples, units)
        labels : array of int64, shape (samples,)

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If the estimator's own assumptions are broken.
        """
        return self.chosen(self.one_pass(activations, labels))

    def one_pass(self, activations: np.ndarray, labels: np.ndarray) -> Any:
        """Return what all estimators of one `pass_key` choose from; arguments as `of_checked`."""
        return self._estimate(activations, labels)

    def chosen(self, found: Any) -> Estimate:
        """Return this estimator's estimate of what `one_pass` found."""
        return found

    def working_bytes(self, labels: np.ndarray, units: int, dtype: np.dtype) -> int:
        """Return the bytes that an estimate takes beside its layer, some tens of megabytes aside.

        Parameters
        ----------
        labels : array of int, shape (samples,)
            From 0.
        units : int
        dtype : numpy.dtype
            Of the activations.

        Returns
        -------
        int
        """
        return int(8 * self.copies * labels.size * units)

    @cached_property
    def pass_key(self) -> Hashable:
        """Return what estimators have in common that one pass can serve."""
        shared = (item for item in self.parameters.items() if item[0] not in self.choosing)
        return (self.name, *shared)

    def refusal(self, network: Network) -> str:
        """Return why layers of networks like this one are not for it; empty if they are."""
        if self.reads == "net_inputs" and not network.tells_net_inputs:
            return f"reads net inputs, and networks of kind {network.name!r} do not tell theirs"
        return ""

    def _estimate(self, activations: np.ndarray, labels: np.ndarray) -> Estimate:
        raise NotImplementedError(f"{type(self).__name__} does not implement _estimate")

    @property
    def parameters(self) -> dict:
        """Return the parameters as a plain dictionary."""
        return asdict(self)


def check_samples(activations: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Refuse arrays that no estimator can use.

    Parameters
    ----------
    activations : array of float, shape (samples, units)
    labels : array of int, shape (samples,)

    Returns
    -------
    activations, labels : tuple of array
        The same arrays as NumPy arrays; the labels renumbered 0 .. classes - 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, an axis is empty, a value is NaN or infinite, or all labels
        are equal.
    """
    activations = check_activations(activations)
    return activations, check_labels(labels, len(activations))


def check_activations(activations: np.ndarray) -> np.ndarray:
    """Refuse activations that no estimator can use.

    Parameters
    ----------
    activations : array of float, shape (samples, units)

    Returns
    -------
    array of float, shape (samples, units)
        The same as a NumPy array.

    Raises
    ------
    ValueError
        If the shape does not fit, an axis is empty, or a value is NaN or infinite.
    """
    activations = np.asarray(activations)
    if activations.ndim != 2 or 0 in activations.shape:
        raise ValueError(
            "activations must have shape (samples, units), both at least 1, "
            f"not {activations.shape}"
        )
    if not np.issubdtype(activations.dtype, np.floating):
        raise ValueError(f"activations must be floating point, not {activations.dtype}")
    # NaN is the smallest and the largest of whatever it is among.
    if not np.isfinite(activations.min()) or not np.isfinite(activations.max()):
        sample, unit = np.argwhere(~np.isfinite(activations))[0]
        raise ValueError(
            f"activations must be finite; sample {sample}, unit {unit} is "
            f"{activations[sample, unit]}"
        )
    return activations


def check_labels(labels: np.ndarray, samples: int) -> np.ndarray:
    """Refuse labels that say nothing about the samples.

    Parameters
    ----------
    labels : array of int, shape (samples,)
    samples : int

    Returns
    -------
    array of int64, shape (samples,)
        The labels renumbered 0 .. classes - 1.

    Raises
    ------
    ValueError
        If there is not one whole number for each sample, or all are equal.
    """
    labels = np.asarray(labels)
    if labels.shape != (samples,):
        raise ValueError(
            f"labels must have shape ({samples},), one for each sample, not {labels.shape}"
        )
    if not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == bool):
        raise ValueError(f"labels must be whole numbers, not {labels.dtype}")
    if samples == 0:
        raise ValueError("labels must be of at least 2 classes; there is none")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest == highest:
        raise ValueError(
            f"labels must be of at least 2 classes; all {samples} are {labels[0]}, and I(T;Y) of "
            "a label that is always the same is 0 by definition"
        )
    if highest - lowest >= 4 * samples:
        return np.unique(labels, return_inverse=True)[1]
    # Counting which values occur is several times faster than sorting.
    offsets = labels.astype(np.int64) - lowest
    present = np.bincount(offsets) > 0
    return offsets if present.all() else (np.cumsum(present) - 1)[offsets]
