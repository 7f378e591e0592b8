"""Labels that no input tells anything about: a network can learn them by heart only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.tasks.base import Task, TaskRule, binary_patterns

MOST_BITS = 20


@dataclass(frozen=True)
class RandomLabelsRule(TaskRule):
    """Label all patterns of some bits by a fair coin, thrown once for each.

    Attributes
    ----------
    seed : int
        Of the coin.
    bits : int
        4 to 20; SZT's inputs have 12.

    Notes
    -----
    I(X;Y) of what the labels were drawn from is 0 bits, so that nothing carries over to patterns
    that were not trained on.

    References
    ----------
    Zhang et al. (2017), ICLR, "Understanding deep learning requires rethinking generalization":
    networks that learn random labels of their training sets.
    """

    name: ClassVar[str] = "random_labels"

    seed: int
    bits: int = 12

    def __post_init__(self) -> None:
        require_whole("seed", self.seed, at_least=0)
        # With fewer, all throws may well be alike.
        require_whole("bits", self.bits, at_least=4)
        if self.bits > MOST_BITS:
            raise ValueError(f"bits must be at most {MOST_BITS}, not {self.bits}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""
        return (self.bits,)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 2

    def make(self) -> Task:
        """Make the task."""
        patterns = binary_patterns(self.bits)
        labels = np.random.default_rng(self.seed).integers(2, size=len(patterns))
        return Task(patterns, labels, np.full(len(patterns), 0.5))
