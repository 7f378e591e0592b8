"""Claim statistics on networks that trade their loss for information in their weights."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.over_betas import OverBetas
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import Resampling

JUMPS = ("width", "distance")


@claim_statistic(needs=(), unit="decades", of_models=True, positive=("expected_beta",))
def accuracy_jump(
    evidence: Evidence,
    case: Case,
    *,
    quantity: str,
    corrupted_share: float,
    null_share: float,
    high: float,
    low: float,
    expected_beta: float,
) -> Finding:
    """Measure over how many decades of beta the training accuracy falls, or how far from where.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.variational_weights`.
    case : Case
    quantity : str
        ``width``, decades from the last beta with the `high` accuracy to the first with the `low`
        one, or ``distance``, decades from `expected_beta` to the middle of these two.
    corrupted_share : float
        Of the labels.
    null_share : float
        The null: the same on networks with this share, whose labels can be learnt from each other.
    high, low : float
        Training accuracies of networks whose weights are drawn.
    expected_beta : float

    Returns
    -------
    Finding
        The median over initialisations; betas between those tried are interpolated on a logarithmic
        scale. Infinite for a network whose accuracy does not pass both levels. Networks that never
        reach `high` have no fall to be found, at any price: it is the premise that the labels are
        learnt at the smallest beta, median over networks.
    """
    if quantity not in JUMPS:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(JUMPS)}"
        )
    found = VariationalNetworks(evidence, case)
    jumps = [
        _jumps(found, share, high, low, expected_beta) for share in (corrupted_share, null_share)
    ]
    place = JUMPS.index(quantity)
    resampling, middle = evidence.resampling, np.median(jumps[0][2]) if len(found.inits) else np.nan
    words = {
        "width": f"decades of beta over which the training accuracy falls from {high:g} to {low:g}",
        "distance": f"decades from beta = {expected_beta:g} to the middle of the fall of the "
        f"training accuracy from {high:g} to {low:g}",
    }
    learnt = Condition(
        f"training accuracy at beta = {found.betas[0]:g}, median,",
        resampling.median(found.of_share("train_accuracy", corrupted_share)[:, 0]),
        high,
        "at_least",
    )
    return Finding(
        f"{words[quantity]}, {100 * corrupted_share:g} % random labels, median; the middle lies at "
        f"beta = {middle:.3g}",
        resampling.median(jumps[0][place]),
        found.inits,
        np.column_stack(jumps[0]),
        found.diverged,
        premises=(learnt,),
        null=resampling.median(jumps[1][place]),
    )


@claim_statistic(needs=(), unit="error", of_models=True)
def valley_of_test_error(
    evidence: Evidence, case: Case, *, corrupted_share: float, least_training_rise: float
) -> Finding:
    """Measure how much lower the test error is at some beta than at both ends of those tried.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.variational_weights`.
    case : Case
    corrupted_share : float
        Of the training labels.
    least_training_rise : float
        The premise that the betas reach far enough: from the first to the last the training
        accuracy falls by at least this, mean over networks.

    Returns
    -------
    Finding
        The smaller of the two ends' errors minus that of the best beta between them, means over
        networks. The null shuffles the errors of each network over the betas: what the choice of
        the best one gives for nothing.
    """
    found, resampling = VariationalNetworks(evidence, case), evidence.resampling
    errors = 1 - found.of_share("test_accuracy", corrupted_share)
    training = found.of_share("train_accuracy", corrupted_share)
    seeds = np.random.SeedSequence(resampling.seed, spawn_key=(len(errors),))
    shuffled = np.random.default_rng(seeds).permuted(errors, axis=1)
    best = errors.mean(axis=0)[1:-1].argmin() + 1 if len(errors) else 0
    premise = Condition(
        "training accuracy at the smallest beta minus that at the largest, mean,",
        resampling.mean(training[:, 0] - training[:, -1]),
        least_training_rise,
        "at_least",
    )
    return Finding(
        f"test error at the better end of the betas minus that at the best one between, beta = "
        f"{found.betas[best]:g}, mean",
        resampling.interval(_valley(resampling, errors)),
        found.inits,
        errors,
        found.diverged,
        premises=(premise,),
        null=resampling.interval(_valley(resampling, shuffled)),
    )


@claim_statistic(needs=(), unit="error", of_models=True)
def least_bound(
    evidence: Evidence, case: Case, *, bound: str, corrupted_share: float, null_share: float
) -> Finding:
    """Measure the smallest PAC-Bayes bound on the error over all betas.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.variational_weights`.
    case : Case
    bound : str
        ``bound`` or ``bound_at_beta``.
    corrupted_share : float
        Of the training labels.
    null_share : float
        The null: the smallest bound with this share of random labels, whose error cannot be small.

    Returns
    -------
    Finding
        The mean bound over networks at the beta where it is smallest.
    """
    if bound not in ("bound", "bound_at_beta"):
        raise ClaimError(f"claim {case.claim}: bound {bound!r} is not bound or bound_at_beta")
    found, resampling = VariationalNetworks(evidence, case), evidence.resampling
    own, null = (found.of_share(bound, share) for share in (corrupted_share, null_share))
    there = ~np.isnan(own).any(axis=0)
    own, null, betas = own[:, there], null[:, there], found.betas[there]
    errors = 1 - found.of_share("test_accuracy", corrupted_share)[:, there]
    best = own.mean(axis=0).argmin() if len(own) else 0
    return Finding(
        f"smallest PAC-Bayes bound on the error, at beta = {betas[best]:g}, where the test error "
        f"is {errors[:, best].mean() if len(own) else np.nan:.3f}, mean",
        resampling.interval(resampling.means(own).min(axis=1)),
        found.inits,
        own,
        found.diverged,
        null=resampling.interval(resampling.means(null).min(axis=1)),
    )


def _jumps(
    found: VariationalNetworks, share: float, high: float, low: float, expected_beta: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return width and distance in decades, and the beta in the middle, of each network."""
    accuracy = found.of_share("train_accuracy", share)
    ends = [_last_level(accuracy, np.log10(found.betas), level) for level in (high, low)]
    missing = np.isnan(ends[0]) | np.isnan(ends[1])
    middle = (ends[0] + ends[1]) / 2
    width, distance = ends[1] - ends[0], np.abs(middle - np.log10(expected_beta))
    return tuple(np.where(missing, np.inf, values) for values in (width, distance, 10.0**middle))


def _last_level(accuracy: np.ndarray, places: np.ndarray, level: float) -> np.ndarray:
    """Return where each row falls below a level for good.

    Parameters
    ----------
    accuracy : array of float, shape (inits, betas)
    places : array of float, shape (betas,)
    level : float

    Returns
    -------
    crossing : array of float64, shape (inits,)
        NaN where the first value is below the level, or the last one is not.
    """
    crossings = np.full(len(accuracy), np.nan)
    for row, values in enumerate(accuracy):
        above = np.flatnonzero(values >= level)
        if above.size and above[-1] < len(values) - 1:
            last = above[-1]
            share = (values[last] - level) / (values[last] - values[last + 1])
            crossings[row] = places[last] + share * (places[last + 1] - places[last])
    return crossings


def _valley(resampling: Resampling, errors: np.ndarray) -> np.ndarray:
    """Return how much lower the best inner mean is than both ends, for every row of replicates."""
    means = resampling.means(errors)
    return np.minimum(means[:, 0], means[:, -1]) - means[:, 1:-1].min(axis=1)


class VariationalNetworks(OverBetas):
    """Arrange the table of a model with random labels by initialisation and beta."""

    def __init__(self, evidence: Evidence, case: Case):
        super().__init__(evidence, case, "corrupted_share")
        if len(self.betas) < 3 or not self.betas[0] > 0:
            raise ClaimError(
                f"claim {case.claim}: model {case.run!r} must have at least three betas above 0"
            )

    def of_share(self, column: str, share: float) -> np.ndarray:
        """Return a column of the networks with a share of random labels: (inits, betas)."""
        rows = np.isclose(self._table["corrupted_share"], share)
        if not rows.any():
            there = ", ".join(f"{one:g}" for one in np.unique(self._table["corrupted_share"]))
            raise ClaimError(
                f"claim {self._case.claim}: model {self._case.run!r} has no share {share:g} of "
                f"random labels; it has {there}"
            )
        return self.measured(column, rows)
