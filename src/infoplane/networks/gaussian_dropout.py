"""Fully connected networks with Gaussian dropout: hidden units multiplied by noise."""

from __future__ import annotations

from dataclasses import dataclass, field

from infoplane.checks import require_positive
from infoplane.networks.dense import Dense


@dataclass(frozen=True)
class GaussianDropout(Dense):
    """Describe a dense network whose hidden units are multiplied by 1 + sigma Z in training.

    Run by `unit_rows`, it has no noise, as dropout has none after training: those are the values
    that the noise multiplies.

    Attributes
    ----------
    widths, activation, output, initial_weights
        As for `Dense`.
    relative_noise : float
        sigma. For units that are dropped with probability p Adilova et al. take p / (1 - p),
        Srivastava et al. the root of that.

    References
    ----------
    Srivastava et al. (2014), JMLR 15, "Dropout", section 10, multiplicative Gaussian noise;
    Adilova, Geiger & Fischer (2023), ICLR.
    """

    name = "gaussian_dropout"

    relative_noise: float = field()

    def __post_init__(self):
        super().__post_init__()
        require_positive("relative_noise", self.relative_noise)
