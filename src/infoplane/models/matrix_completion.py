"""Critical periods of deep linear networks that complete a matrix, after another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.models._products import Products
from infoplane.models._stacked import StackedModel
from infoplane.models.base import require_different
from infoplane.tasks.base import Task


@dataclass(frozen=True)
class MatrixCompletionModel(StackedModel):
    """Describe products of matrices that learn some entries of one matrix, and then of another.

    The first matrix is the deficit; the error is that on entries of the second one that are never
    seen. However long the first is learnt, as many steps on the second follow. Beside each network
    stands one that learns the second matrix alone, for as many steps as the other takes in all.

    Parameters
    ----------
    depth : int
        Matrices that are multiplied.
    dimension : int
        Rows, and columns, of every matrix.
    first_rank, rank : int
        Of the first and of the second matrix to be learnt.
    observed : int
        Entries that are seen, the same of both.
    switches : list of int
        Steps on the first matrix; the least must be 0.
    steps : int
        On the second matrix.
    learning_rate : float
        Of gradient descent on half of the mean squared error of the entries that are seen.
    initial_scale : float
        Entries of the product are at first normal with about this deviation over the root of
        `dimension`.
    initialisations, seed : int
        Each has its own matrices, entries that are seen and initial weights; these are the same for
        all depths.

    References
    ----------
    Kleinman, Achille & Soatto (2024), ICLR, "Critical learning periods emerge even in deep linear
    networks", section 4 and its published code.
    """

    name: ClassVar[str] = "matrix_completion"
    purposes: ClassVar[tuple[str, ...]] = ("first", "second", "observed", "weights")
    needs_task: ClassVar[bool] = False

    depth: int
    dimension: int
    first_rank: int
    rank: int
    observed: int
    switches: Sequence[int]
    steps: int
    learning_rate: float
    initial_scale: float
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("depth", "dimension", "first_rank", "rank", "observed", "steps"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("initialisations", self.initialisations, at_least=1)
        require_whole("seed", self.seed, at_least=0)
        for name in ("first_rank", "rank"):
            if getattr(self, name) > self.dimension:
                raise ValueError(f"{name} must be at most dimension {self.dimension}")
        if self.observed >= self.dimension**2:
            raise ValueError(
                f"observed must be below the {self.dimension**2} entries, some of which are not "
                f"seen, not {self.observed}"
            )
        switches = require_different("switches", self.switches)
        for switch in switches:
            require_whole("switches", switch, at_least=0)
        if min(switches) != 0:
            raise ValueError("switches must hold 0, the networks without a deficit")
        object.__setattr__(self, "switches", tuple(sorted(switches)))
        for name in ("learning_rate", "initial_scale"):
            require_positive(name, getattr(self, name))

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks.

        Parameters
        ----------
        task : None
            The matrices are the model's own.

        Returns
        -------
        columns : dict of array
            A row for each initialisation and switch: ``init, switch``; ``unseen_error``, mean
            squared error of the entries that are not seen, over their mean square;
            ``longer_error``, the same of a network that never learnt the first matrix;
            ``seen_error``, of the entries that are seen; ``status``, ``ok`` or ``diverged``.
        """
        return self.solve_all(task)

    def matrix(self, init: int, purpose: str, rank: int) -> np.ndarray:
        """Draw a matrix to be learnt, whose entries have a mean square of 1."""
        draws = self.generator(init, purpose)
        left, right = (draws.normal(size=(self.dimension, rank)) for _ in range(2))
        product = left @ right.T
        return product * (self.dimension / np.linalg.norm(product))

    def solve_one(self, task: Task | None, init: int) -> dict[str, np.ndarray]:
        """Train one initialisation with every switch; the last of the stack has no deficit."""
        first = self.matrix(init, "first", self.first_rank)
        second = self.matrix(init, "second", self.rank)
        order = self.generator(init, "observed").permutation(self.dimension**2)
        seen = np.zeros(self.dimension**2, dtype=bool)
        seen[order[: self.observed]] = True
        seen = seen.reshape(first.shape)
        draws = self.generator(init, "weights")
        deviation = self.initial_scale ** (1 / self.depth) / self.dimension**0.5
        factors = [deviation * draws.normal(size=(1, *first.shape)) for _ in range(self.depth)]

        starts, done = [], 0
        for switch in self.switches:
            factors = self._trained(factors, first, seen, switch - done)
            starts.append(factors)
            done = switch
        stack = [np.concatenate(parts) for parts in zip(*starts, strict=True)]
        stack = self._trained(stack, second, seen, self.steps)
        alone, longer, done = [part[:1] for part in stack], [], 0
        for switch in self.switches:
            alone = self._trained(alone, second, seen, switch - done)
            longer.append(reduce(np.matmul, alone)[0])
            done = switch

        products = reduce(np.matmul, stack)
        columns = {
            "unseen_error": _error(products, second, ~seen),
            "longer_error": _error(np.array(longer), second, ~seen),
            "seen_error": _error(products, second, seen),
        }
        whole = np.all([np.isfinite(values) for values in columns.values()], axis=0)
        return {
            "init": np.full(len(self.switches), init),
            "switch": np.array(self.switches),
            **columns,
            "status": np.where(whole, "ok", "diverged"),
        }

    def _trained(
        self, factors: list[np.ndarray], matrix: np.ndarray, seen: np.ndarray, steps: int
    ) -> list[np.ndarray]:
        """Return the factors of a stack of networks after some steps on a matrix."""
        rate = self.learning_rate / self.observed
        # What diverges is told at the end.
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(steps):
                products = Products(factors)
                slopes = products.slopes(np.where(seen, products.whole - matrix, 0.0))
                factors = [
                    factor - rate * slope for factor, slope in zip(factors, slopes, strict=True)
                ]
        return factors


def _error(products: np.ndarray, matrix: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the mean squared error of each product on some entries, over their mean square."""
    return ((products - matrix)[:, where] ** 2).mean(axis=1) / (matrix[where] ** 2).mean()
