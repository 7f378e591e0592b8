"""What every model with exact information has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
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


def require_different(name: str, values: Sequence) -> tuple:
    """Return a list as a tuple; refuse an empty one, and one with something twice."""
    if isinstance(values, str | float | int) or not values or len(set(values)) != len(values):
        raise ValueError(f"{name} must be a list of different values, not {values!r}")
    return tuple(values)


def require_widths(name: str, widths: Sequence[int]) -> tuple[int, ...]:
    """Return widths of layers as a tuple; refuse an empty list, and a layer without units."""
    if isinstance(widths, str | float | int) or not widths:
        raise ValueError(f"{name} must be a list of at least one width, not {widths!r}")
    for width in widths:
        require_whole(name, width, at_least=1)
    return tuple(widths)
