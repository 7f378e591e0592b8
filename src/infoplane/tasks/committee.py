"""A rule without the icosahedron's symmetries: a committee of weak linear rules.

Shwartz-Ziv & Tishby (2017) show in figure 8 that a "committee machine", a non-symmetric rule, has
the same phases as their symmetric one. The paper gives neither its formula nor its size. What
follows is our choice, after the committee machine of statistical physics: an odd number of weak
rules vote, and each is the side of a random hyperplane through the origin that a pattern lies on,

    y(x) = 1  where  sum_k sign(w_k . x) > 0,    x in {-1, 1}^bits,    w_k ~ N(0, 1).

Opposite patterns have opposite labels, so that exactly half of them have each label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_whole
from infoplane.tasks.base import Task, TaskRule, binary_patterns

MOST_BITS = 20


@dataclass(frozen=True)
class CommitteeRule(TaskRule):
    """Label all patterns of some bits by the majority of random linear threshold units.

    Attributes
    ----------
    weak_rules : int
        How many units vote, an odd number.
    seed : int
        Seed of their weights.
    bits : int
        2 to 20; SZT's inputs have 12.

    Notes
    -----
    SZT leave the rule open; this one is ours.
    """

    name: ClassVar[str] = "committee"

    weak_rules: int
    seed: int
    bits: int = 12

    def __post_init__(self) -> None:
        require_whole("weak_rules", self.weak_rules, at_least=1)
        if self.weak_rules % 2 == 0:
            raise ValueError(f"weak_rules must be odd, so that no vote is a tie: {self.weak_rules}")
        require_whole("seed", self.seed, at_least=0)
        require_whole("bits", self.bits, at_least=2)
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

    def weights(self) -> np.ndarray:
        """Return the weights of the weak rules, shape (weak_rules, bits)."""
        return np.random.default_rng(self.seed).standard_normal((self.weak_rules, self.bits))

    def make(self) -> Task:
        """Make the task."""
        patterns = binary_patterns(self.bits)
        votes = np.sign((2.0 * patterns - 1.0) @ self.weights().T)
        labels = (votes.sum(axis=1) > 0).astype(np.int64)
        return Task(patterns, labels, labels.astype(np.float64))
