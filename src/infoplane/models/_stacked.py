"""What models have in common whose networks are trained as one stack an initialisation."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.models.base import Model
from infoplane.tasks.base import Task


@dataclass(frozen=True)
class StackedModel(Model):
    """Describe a model with ``initialisations`` and a ``seed``; each of the first is one stack.

    Attributes
    ----------
    purposes : tuple of str
        What an initialisation draws numbers for. Their order is part of every seed.
    """

    needs_task: ClassVar[bool] = True
    purposes: ClassVar[tuple[str, ...]]

    def generator(self, init: int, purpose: str) -> np.random.Generator:
        """Return the source of randomness of an initialisation for one of the `purposes`."""
        key = (init, self.purposes.index(purpose))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    @abstractmethod
    def solve_one(self, task: Task, init: int) -> dict[str, np.ndarray]:
        """Solve one initialisation; return its rows of the table."""

    def solve_all(self, task: Task) -> dict[str, np.ndarray]:
        """Solve one initialisation after the other, on one thread; return the whole table."""
        # PyTorch is loaded here: studies are planned without it.
        from infoplane.compiled.threads import one_thread

        with one_thread():
            parts = [self.solve_one(task, init) for init in range(self.initialisations)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
