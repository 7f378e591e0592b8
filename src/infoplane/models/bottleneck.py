"""The information-bottleneck curve of a task: the most label information for its input information.

Solved for one beta after the other from the smallest to the largest; see `annealing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.models.annealing import Annealing, Inputs, Solution, merged
from infoplane.models.base import Model
from infoplane.tasks.base import Task

NATS_PER_BIT = math.log(2)


@dataclass(frozen=True)
class BottleneckModel(Model):
    """Describe the curve of a task of two classes whose p(y given x) is known.

    Parameters
    ----------
    smallest_beta, largest_beta : float
        The bits of I(X;T) that a bit of I(T;Y) may cost, above 0. Below 1 no representation pays.
    betas : int
        Log-spaced from the one to the other, at least 2.
    tolerance_bits : float
        A beta has converged when its I(T;Y) is provably within this of the curve, at its I(X;T).
    most_rounds : int
        After which a beta is given up; it is in the table, and says so.
    bifurcation_precision : float
        Where the number of clusters changes between two betas, betas between them are solved until
        the change is known to such a share of beta.

    References
    ----------
    Tishby, Pereira & Bialek (1999), "The information bottleneck method". Shwartz-Ziv & Tishby
    (2017), figure 6.
    """

    name: ClassVar[str] = "bottleneck"
    needs_task: ClassVar[bool] = True

    smallest_beta: float
    largest_beta: float
    betas: int
    tolerance_bits: float
    most_rounds: int
    bifurcation_precision: float

    def __post_init__(self):
        for name in ("smallest_beta", "largest_beta", "tolerance_bits", "bifurcation_precision"):
            require_positive(name, getattr(self, name))
        require_whole("betas", self.betas, at_least=2)
        require_whole("most_rounds", self.most_rounds, at_least=1)
        if self.largest_beta <= self.smallest_beta:
            raise ValueError(
                f"largest_beta must be above smallest_beta {self.smallest_beta!r}, not "
                f"{self.largest_beta!r}"
            )

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Solve the curve of a task.

        Parameters
        ----------
        task : Task

        Returns
        -------
        columns : dict of array
            By rising ``beta``: ``mi_input_bits, mi_label_bits``, a point on the curve or at most
            ``gap_bits`` of I(T;Y) below it; ``clusters``, the different p(y given t);
            ``converged``; ``rounds``; and ``information_bits``, I(X;Y), the same everywhere.

        Raises
        ------
        ValueError
            If p(y given x) is not known, or there are more than two classes.
        """
        return self.curve(inputs_of(task))

    def curve(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """Solve the curve of any p(x, y); see `solve`."""
        annealing = Annealing(inputs, self.tolerance_bits * NATS_PER_BIT, self.most_rounds)
        found: list[tuple[float, Solution]] = []
        for beta in np.geomspace(self.smallest_beta, self.largest_beta, self.betas):
            here = (float(beta), annealing.solve(beta))
            if found:
                found += self._between(annealing, found[-1], here)
                annealing.clusters = here[1].clusters
            found.append(here)
        betas = np.array([beta for beta, _ in found])
        solutions = [one for _, one in found]
        gaps = np.array([one.gap_nats for one in solutions])
        return {
            "beta": betas,
            "mi_input_bits": np.array([one.input_nats for one in solutions]) / NATS_PER_BIT,
            "mi_label_bits": np.array([one.label_nats for one in solutions]) / NATS_PER_BIT,
            "gap_bits": gaps / NATS_PER_BIT,
            "clusters": np.array([one.clusters.weights.size for one in solutions]),
            "converged": gaps <= annealing.tolerance_nats,
            "rounds": np.array([one.rounds for one in solutions]),
            "information_bits": np.full(len(found), annealing.information_nats / NATS_PER_BIT),
        }

    def _between(
        self, annealing: Annealing, low: tuple[float, Solution], high: tuple[float, Solution]
    ) -> Iterator[tuple[float, Solution]]:
        """Yield betas between two, until each change of the clusters is known precisely."""
        same = low[1].clusters.weights.size == high[1].clusters.weights.size
        if same or high[0] / low[0] <= 1 + self.bifurcation_precision:
            return
        annealing.clusters = low[1].clusters
        beta = math.sqrt(low[0] * high[0])
        middle = (beta, annealing.solve(beta))
        yield from self._between(annealing, low, middle)
        yield middle
        yield from self._between(annealing, middle, high)


def inputs_of(task: Task | None) -> Inputs:
    """Return p(x, y) of a task, inputs with equal p(y given x) merged.

    Raises
    ------
    ValueError
        If p(y given x) is not known, or there are more than two classes.
    """
    logits = label_logits(None if task is None else task.label_probability)
    return merged(np.full(len(logits), 1 / len(logits)), logits)[0]


def label_logits(label_probability: np.ndarray | None) -> np.ndarray:
    """Return log p(y = 1 given x) / p(y = 0 given x), infinite where one of them is 0.

    Parameters
    ----------
    label_probability : array of float64, shape (samples,) or (samples, 2), or None
        As a `Task` has it.

    Raises
    ------
    ValueError
        If it is not known, or there are more than two classes.
    """
    if label_probability is None:
        raise ValueError("the information bottleneck needs a task whose p(y given x) is known")
    if label_probability.ndim == 2 and label_probability.shape[1] != 2:
        raise ValueError(
            "the information bottleneck is solved for two classes, not "
            f"{label_probability.shape[1]}"
        )
    two = label_probability.ndim == 2
    low, high = label_probability.T if two else (1 - label_probability, label_probability)
    with np.errstate(divide="ignore"):
        return np.log(high) - np.log(low)


def most_label_bits(curve: Mapping[str, np.ndarray], input_bits: np.ndarray) -> np.ndarray:
    """Return how much I(T;Y) a representation with some I(X;T) can have at most.

    The curve is concave, and below the line of slope 1 / beta through the point of any beta,
    raised by that point's gap: the lowest of these lines bounds it from above, and so does I(X;Y).

    Parameters
    ----------
    curve : mapping of str to array
        The columns of `BottleneckModel.solve`; only betas that have converged are used.
    input_bits : array of float64
        I(X;T).

    Returns
    -------
    label_bits : array of float64, the same shape
    """
    kept = np.asarray(curve["converged"], bool)
    beta, across, up, gap = (
        np.asarray(curve[name])[kept]
        for name in ("beta", "mi_input_bits", "mi_label_bits", "gap_bits")
    )
    input_bits = np.asarray(input_bits, float)
    lines = up + gap + (input_bits[..., None] - across) / beta
    ceiling = np.minimum(curve["information_bits"][0], input_bits)
    return np.minimum(lines.min(axis=-1, initial=np.inf), ceiling)
