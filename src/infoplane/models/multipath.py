"""Critical periods of deep linear networks with two paths, one of which rests for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.models._products import Products
from infoplane.models._stacked import StackedModel
from infoplane.models.base import require_different
from infoplane.tasks.base import Task

DEFICITS = ("frozen", "silent")
# A path: its matrices, from the output down, each of shape (networks, above, below).
Path = list[np.ndarray]


@dataclass(frozen=True)
class MultipathModel(StackedModel):
    """Describe sums of two products of matrices that learn one matrix together.

    Both paths could learn all of it. In the time of the deficit the second does not learn; the
    question is what share of the matrix it holds in the end. Times are in units of the time in
    which a network without a deficit halves its squared error, so that networks of all depths are
    deprived for as much of their course.

    Parameters
    ----------
    depth : int
        Matrices of each path.
    inputs, outputs, width : int
        Sizes of the network; all hidden layers of a path have `width` units.
    strength : float
        Largest singular value of the matrix to be learnt, whose entries are normal.
    deficit : str
        ``"frozen"``: the second path gives what it has learnt, as in the published code, so that a
        network without an error notices nothing; ``"silent"``: it gives nothing.
    starts : list of float
        When the deficit begins, a network for each.
    length, duration : float
        How long it and the whole training take. No deficit goes on to the end.
    learning_rate : float
        Of gradient descent on half of the squared error, inputs being white.
    initial_scale : float
        A path's product is at first about that large: entries of each of its matrices are normal
        with a deviation of the scale's root of order `depth`, over the root of `width`.
    most_steps : int
        A network that does not halve its error in so many steps has learnt nothing.
    initialisations, seed : int
        Each has its own matrix and initial weights.

    References
    ----------
    Kleinman, Achille & Soatto (2024), ICLR, "Critical learning periods emerge even in deep linear
    networks", section 3 and its published code.
    """

    name: ClassVar[str] = "multipath"
    purposes: ClassVar[tuple[str, ...]] = ("matrix", "weights")
    needs_task: ClassVar[bool] = False

    depth: int
    inputs: int
    outputs: int
    width: int
    strength: float
    deficit: str
    starts: Sequence[float]
    length: float
    duration: float
    learning_rate: float
    initial_scale: float
    most_steps: int
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("depth", "inputs", "outputs", "width", "most_steps", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("seed", self.seed, at_least=0)
        for name in ("strength", "length", "duration", "learning_rate", "initial_scale"):
            require_positive(name, getattr(self, name))
        require_choice("deficit", self.deficit, DEFICITS)
        starts = tuple(sorted(require_different("starts", self.starts)))
        if starts[0] < 0 or not starts[-1] + self.length < self.duration:
            raise ValueError(
                f"starts must be at least 0, and the last one's deficit must end before duration "
                f"{self.duration}, not {starts[0]} and {starts[-1]} + length {self.length}"
            )
        object.__setattr__(self, "starts", starts)

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks.

        Parameters
        ----------
        task : None
            The matrices are the model's own.

        Returns
        -------
        columns : dict of array
            A row for each initialisation and start: ``init, start``; ``impaired_share``, what the
            second path's product has of the matrix, which is 1 if it is the matrix and 0 if it is
            orthogonal to it; ``unimpaired_share``, the same without a deficit; ``error``, squared,
            over the matrix's square; ``error_before``, the same when the deficit began; ``status``,
            ``ok``, ``diverged`` or, where the error was never halved, ``unlearnt``.
        """
        return self.solve_all(task)

    def matrix(self, init: int) -> np.ndarray:
        """Draw the matrix to be learnt, shape (outputs, inputs)."""
        drawn = self.generator(init, "matrix").normal(size=(self.outputs, self.inputs))
        return drawn * (self.strength / np.linalg.norm(drawn, 2))

    def initial_paths(self, init: int) -> tuple[Path, Path]:
        """Draw the weights of both paths of one network."""
        draws = self.generator(init, "weights")
        sizes = [self.outputs, *[self.width] * (self.depth - 1), self.inputs]
        deviation = self.initial_scale ** (1 / self.depth) / self.width**0.5
        first, second = (
            [deviation * draws.normal(size=(1, *shape)) for shape in pairwise(sizes)]
            for _ in range(2)
        )
        return first, second

    def solve_one(self, task: Task | None, init: int) -> dict[str, np.ndarray]:
        """Train one initialisation with every start; the last of the stack has no deficit."""
        matrix, paths = self.matrix(init), self.initial_paths(init)
        half = self._steps_to_half(paths, matrix)
        count = len(self.starts)
        columns = {"init": np.full(count, init), "start": np.array(self.starts)}
        if half is None:
            nothing = dict.fromkeys(
                ("impaired_share", "unimpaired_share", "error", "error_before"),
                np.full(count, np.nan),
            )
            return {**columns, **nothing, "status": np.full(count, "unlearnt")}
        begins = np.rint(half * np.array([*self.starts, np.inf]))
        ends = np.rint(half * (np.array([*self.starts, np.inf]) + self.length))
        paths = tuple([np.repeat(part, count + 1, axis=0) for part in path] for path in paths)
        before = np.full(count + 1, np.nan)
        for step in range(round(half * self.duration)):
            if (step == begins).any():
                before[step == begins] = self._error(paths, matrix)[step == begins]
            paths = self._stepped(paths, matrix, (step < begins) | (step >= ends))
        shares = np.einsum("nij,ij->n", reduce(np.matmul, paths[1]), matrix) / (matrix**2).sum()
        error = self._error(paths, matrix)
        fine = np.isfinite(error[:-1]) & np.isfinite(error[-1])
        return {
            **columns,
            "impaired_share": shares[:-1],
            "unimpaired_share": np.full(count, shares[-1]),
            "error": error[:-1],
            "error_before": before[:-1],
            "status": np.where(fine, "ok", "diverged"),
        }

    def _steps_to_half(self, paths: tuple[Path, Path], matrix: np.ndarray) -> int | None:
        """Return how many steps halve the squared error without a deficit; None if too many."""
        for step in range(1, self.most_steps + 1):
            paths = self._stepped(paths, matrix, np.ones(1, dtype=bool))
            if self._error(paths, matrix)[0] <= 0.5:
                return step
        return None

    def _stepped(
        self, paths: tuple[Path, Path], matrix: np.ndarray, whole: np.ndarray
    ) -> tuple[Path, Path]:
        """Return the paths of a stack of networks after a step; not whole ones have the deficit."""
        first, second = paths
        learns = whole[:, None, None].astype(float)
        gives = learns if self.deficit == "silent" else 1.0
        # What diverges is told at the end.
        with np.errstate(over="ignore", invalid="ignore"):
            left, right = Products(first), Products(second)
            missing = matrix - left.whole - gives * right.whole
            slopes = left.slopes(missing), right.slopes(learns * missing)
            return tuple(
                [part + self.learning_rate * slope for part, slope in zip(*pair, strict=True)]
                for pair in zip(paths, slopes, strict=True)
            )

    @staticmethod
    def _error(paths: tuple[Path, Path], matrix: np.ndarray) -> np.ndarray:
        """Return the squared error of each network over the matrix's square, shape (networks,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            products = sum(reduce(np.matmul, path) for path in paths)
            return ((products - matrix) ** 2).sum(axis=(1, 2)) / (matrix**2).sum()
