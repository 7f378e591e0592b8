"""What every model with exact information has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.tasks.base import Task


@dataclass(frozen=True)
class Model(ABC):
    """Describe a model that is solved, not sampled; a member of the family is such a dataclass.

    It refuses impossible parameters when it is made, before any job starts.

    Attributes
    ----------
    name : str
        The module it stands in.
    needs_task : bool
        Whether it is about a task of the study, whose p(y given x) must be known.
    """

    name: ClassVar[str]
    needs_task: ClassVar[bool] = False

    def check_task(self, input_shape: tuple[int, ...], classes: int) -> None:  # noqa: B027
        """Refuse a task that the model cannot be about, before it is made.

        Parameters
        ----------
        input_shape : tuple of int
            Of one pattern.
        classes : int

        Raises
        ------
        ValueError
            Saying what is allowed.
        """

    @abstractmethod
    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Solve the model.

        Parameters
        ----------
        task : Task, optional
            Of a model that is about one.

        Returns
        -------
        columns : dict of array, shape (rows,)
            A tidy table of the model's own.
        """


def log_spaced_epochs(epochs: int, snapshots: int) -> np.ndarray:
    """Return the epochs at which a trained model is looked at: 0, then log-spaced.

    Parameters
    ----------
    epochs : int
        The last one.
    snapshots : int
        At most so many.

    Returns
    -------
    epochs : array of int
    """
    spaced = np.geomspace(1, epochs, snapshots - 1).round().astype(int)
    return np.unique(np.concatenate([[0], spaced]))


def require_different(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """Return a list of numbers as a tuple; refuse an empty one, and one with a number twice."""
    if isinstance(values, str | float | int) or not values or len(set(values)) != len(values):
        raise ValueError(f"{name} must be a list of different numbers, not {values!r}")
    return tuple(values)
