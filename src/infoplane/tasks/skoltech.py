"""The made-up labels of the Skoltech replication, as published and as evidently meant.

Inputs are twelve numbers drawn from -1, 0, 1, 2 and 3. A label says whether a noisy score is above
a threshold. Of the second score the published code sums over all patterns where it must have meant
each of them, so that one number is added to all scores, and labels depend on the first input alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy

from infoplane.checks import require_whole
from infoplane.tasks.base import Task, TaskRule

FEATURES, LEVELS, LOWEST = 12, 5, -1
THRESHOLD = 0.7
NOISES = {"mean": 0.1, "products": 0.2, "products_of_everything": 0.2}
"""Standard deviation of the score's noise, by score."""


@dataclass(frozen=True)
class SkoltechRule(TaskRule):
    """Label random patterns of small whole numbers by a noisy score.

    Attributes
    ----------
    score : str
        ``"mean"``: of the inputs, above 0.7. ``"products"``: the sum of the products x3 x4, x5 x6,
        ... x11 x12 minus the square of x1, above its own mean. ``"products_of_everything"``: the
        same with the sum over all patterns, as published.
    seed : int
        Of patterns and noise.
    samples : int
        Patterns to draw.

    References
    ----------
    The Skoltech replication of Shwartz-Ziv & Tishby (2017), experiments 1 to 3.
    """

    name: ClassVar[str] = "skoltech"

    score: str
    seed: int
    samples: int = 1000

    def __post_init__(self) -> None:
        if self.score not in NOISES:
            raise ValueError(f"score {self.score!r} is not one of: {', '.join(NOISES)}")
        require_whole("seed", self.seed, at_least=0)
        require_whole("samples", self.samples, at_least=10)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""
        return (FEATURES,)

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 2

    def scores(self, patterns: np.ndarray) -> np.ndarray:
        """Return each pattern's score without noise, shape (samples,)."""
        if self.score == "mean":
            return patterns.mean(axis=1)
        products = patterns[:, 2::2] * patterns[:, 3::2]
        axis = 1 if self.score == "products" else None
        return (products.sum(axis=axis) - patterns[:, 0] ** 2).astype(np.float64)

    def make(self) -> Task:
        """Make the task, with p(y = 1 given x) at the threshold that the draws have set."""
        draws = np.random.default_rng(self.seed)
        patterns = draws.integers(LEVELS, size=(self.samples, FEATURES)) + LOWEST
        scores, noise = self.scores(patterns), NOISES[self.score]
        noisy = scores + draws.normal(scale=noise, size=self.samples)
        threshold = THRESHOLD if self.score == "mean" else noisy.mean()
        probability = scipy.special.ndtr((scores - threshold) / noise)
        return Task(patterns, (noisy > threshold).astype(np.int64), probability)
