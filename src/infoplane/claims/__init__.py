"""Claims of the debate as small statistics on tidy tables, and the verdicts on them.

A claim is an entry of the configuration that names a registered statistic; a new statistic is
one function with `infoplane.claims.registry.claim_statistic` above it.
"""

from infoplane.claims import (  # noqa: F401
    clustering,
    compression,
    estimator_choice,
    gradient_noise,
    several_networks,
)
from infoplane.claims.evidence import Case, ClaimError, Condition, Evidence, Finding
from infoplane.claims.judging import COLUMNS, check_available, judge, read_claim
from infoplane.claims.registry import STATISTICS, claim_statistic
from infoplane.claims.trajectories import TableError, trajectory_statistics

__all__ = [
    "COLUMNS",
    "STATISTICS",
    "Case",
    "ClaimError",
    "Condition",
    "Evidence",
    "Finding",
    "TableError",
    "check_available",
    "claim_statistic",
    "judge",
    "read_claim",
    "trajectory_statistics",
]
