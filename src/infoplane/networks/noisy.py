"""Fully connected networks with Gaussian noise on every hidden unit (Goldfeld et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from infoplane.networks.dense import Dense


@dataclass(frozen=True)
class Noisy(Dense):
    """Describe a dense network that is trained with noise.

    Run by `unit_rows`, it has none: those are the means that the noise is added to.

    Attributes
    ----------
    widths, activation, output, initial_weights
        As for `Dense`.
    noise_standard_deviation : float
        Of the noise added to every hidden unit while training, in units of activation.
    """

    name = "noisy"

    noise_standard_deviation: float = field()

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.noise_standard_deviation < math.inf:
            raise ValueError(
                "noise_standard_deviation must be finite and above 0, not "
                f"{self.noise_standard_deviation}"
            )
