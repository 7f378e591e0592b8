"""Claim statistics on networks that have a deficit in some epochs of their training."""

from __future__ import annotations

import numpy as np
import scipy

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.null_controls import permutation_chance
from infoplane.claims.registry import claim_statistic
from infoplane.statistics import Resampling

NONE = "none"
"""The deficit of networks that never have one."""
LEAST_WINDOWS = 5
"""Fewest windows over which a rank correlation is taken."""


@claim_statistic(needs=(), unit="accuracy", of_models=True)
def lasting_damage(evidence: Evidence, case: Case, *, deficit: str, rate: str) -> Finding:
    """Measure what a deficit from epoch 0 on costs, the longest of them, in test accuracy.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.critical_periods`.
    case : Case
    deficit, rate : str

    Returns
    -------
    Finding
        The test accuracy of networks without a deficit minus that of networks that had it, both
        after as many epochs with clean images, paired by initialisation, mean. The null is the same
        of networks that are trained as long as the latter and never had it.
    """
    found, resampling = ImpairedNetworks(evidence, case), evidence.resampling
    span = found.longest()
    clean = found.accuracy(NONE, (0, 0), rate)
    impaired, longer = (found.accuracy(name, span, rate) for name in (deficit, NONE))
    return Finding(
        f"test accuracy without a deficit minus that with {deficit} in the epochs before "
        f"{span[1]}, after as many epochs with clean images, {rate} rate, mean",
        resampling.mean(clean - impaired),
        found.inits,
        np.column_stack([clean, impaired, longer]),
        found.diverged,
        null=resampling.mean(clean - longer),
    )


@claim_statistic(needs=(), unit="accuracy", of_models=True)
def specific_damage(
    evidence: Evidence, case: Case, *, deficit: str, others: list[str], rate: str
) -> Finding:
    """Measure how much more a deficit from epoch 0 on costs than others of the same epochs.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.critical_periods`.
    case : Case
    deficit : str
    others : list of str
    rate : str

    Returns
    -------
    Finding
        The test accuracy after the other deficits, their mean, minus that after this one, paired by
        initialisation, mean; of the longest span. The null shuffles the deficits within each
        initialisation.
    """
    found, resampling = ImpairedNetworks(evidence, case), evidence.resampling
    span = found.longest()
    accuracies = np.column_stack([found.accuracy(name, span, rate) for name in (deficit, *others)])
    draws = np.random.default_rng(
        np.random.SeedSequence(resampling.seed, spawn_key=accuracies.shape)
    )
    own, shuffled = (
        values[:, 1:].mean(axis=1) - values[:, 0]
        for values in (accuracies, draws.permuted(accuracies, axis=1))
    )
    return Finding(
        f"test accuracy after {' and '.join(others)} in the epochs before {span[1]} minus that "
        f"after {deficit}, {rate} rate, mean",
        resampling.mean(own),
        found.inits,
        accuracies,
        found.diverged,
        null=resampling.mean(shuffled),
    )


@claim_statistic(needs=(), unit="correlation", of_models=True)
def fisher_tells_damage(
    evidence: Evidence,
    case: Case,
    *,
    deficit: str,
    rate: str,
    largest_initial_share: float,
    largest_final_share: float,
) -> Finding:
    """Correlate the Fisher trace of undisturbed training with what a deficit at that time costs.

    Parameters
    ----------
    evidence : Evidence
        Of a model `infoplane.models.critical_periods` whose spans are equally long windows.
    case : Case
    deficit, rate : str
    largest_initial_share, largest_final_share : float
        The conditions of a rise and a fall: before and after training the trace of networks without
        a deficit is at most this share of its largest value, mean over networks.

    Returns
    -------
    Finding
        Spearman's correlation over the windows, of means over networks: the trace of networks
        without a deficit, averaged over the window's epochs, and the test accuracy that the deficit
        costs, against networks that are trained as long without it. The null shuffles what it
        costs over the windows of each network.
    """
    found, resampling = ImpairedNetworks(evidence, case), evidence.resampling
    windows = found.windows()
    costs = np.column_stack(
        [
            found.accuracy(NONE, window, rate) - found.accuracy(deficit, window, rate)
            for window in windows
        ]
    )
    epochs, traces = found.traces(NONE, max(windows, key=lambda window: window[1]), rate)
    within = np.column_stack([_averages(epochs, traces, window) for window in windows])
    shares = traces / np.maximum(traces.max(axis=1, initial=0.0), np.finfo(float).tiny)[:, None]
    initial, final = (shares[:, place] for place in (0, -1))
    draws = np.random.default_rng(np.random.SeedSequence(resampling.seed, spawn_key=costs.shape))
    chance = permutation_chance(
        within.mean(axis=0), costs.mean(axis=0), resampling.resamples, resampling.seed
    )
    conditions = tuple(
        Condition(f"{name} over largest trace, mean,", resampling.mean(part), most, "at_most")
        for name, part, most in (
            ("initial", initial, largest_initial_share),
            ("final", final, largest_final_share),
        )
    )
    return Finding(
        f"rank correlation of the Fisher trace without a deficit with what {deficit} costs in "
        f"{len(windows)} windows, {rate} rate, of means; as strong in a share of {chance:.2g} of "
        "random orders of the windows",
        resampling.interval(_correlations(resampling, within, costs)),
        found.inits,
        costs,
        found.diverged,
        conditions,
        null=resampling.interval(_correlations(resampling, within, draws.permuted(costs, axis=1))),
    )


def _averages(epochs: np.ndarray, values: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return each row's mean over a window, linear between the epochs measured."""
    middles = np.arange(*window) + 0.5
    return np.array([np.interp(middles, epochs, row).mean() for row in values])


def _correlations(resampling: Resampling, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation over columns of the means of every row of replicates."""
    ranks = np.stack(
        [scipy.stats.rankdata(resampling.means(part), axis=1) for part in (first, second)]
    )
    ranks -= ranks.mean(axis=2, keepdims=True)
    together = (ranks[0] * ranks[1]).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return together / np.sqrt((ranks[0] ** 2).sum(axis=1) * (ranks[1] ** 2).sum(axis=1))


class ImpairedNetworks:
    """Arrange the table of a model by initialisation.

    Attributes
    ----------
    inits : array of int
        Of which no network diverged.
    diverged : tuple of int
    """

    def __init__(self, evidence: Evidence, case: Case):
        self._case, self._table = case, evidence.model(case, case.run)
        if "deficit" not in self._table:
            raise ClaimError(f"claim {case.claim}: model {case.run!r} has no deficits")
        lost = np.unique(self._table["init"][self._table["status"] != "ok"])
        self.diverged = tuple(lost.tolist())
        self.inits = np.setdiff1d(self._table["init"], lost)

    def longest(self) -> tuple[int, int]:
        """Return first epoch with, and first without, the longest deficit from epoch 0 on."""
        ends = self._table["ends"][self._table["starts"] == 0]
        if not (ends > 0).any():
            raise ClaimError(
                f"claim {self._case.claim}: model {self._case.run!r} has no span from epoch 0 on"
            )
        return 0, int(ends.max())

    def windows(self) -> list[tuple[int, int]]:
        """Return the spans, which must be equally long, in their order."""
        pairs = np.column_stack([self._table["starts"], self._table["ends"]])
        spans = np.unique(pairs[pairs[:, 1] > 0], axis=0)
        if len(spans) < LEAST_WINDOWS or len(np.unique(spans[:, 1] - spans[:, 0])) > 1:
            raise ClaimError(
                f"claim {self._case.claim}: the spans of model {self._case.run!r} must be at least "
                f"{LEAST_WINDOWS} windows of one length, not {spans.tolist()}"
            )
        return [tuple(span) for span in spans.tolist()]

    def accuracy(self, deficit: str, span: tuple[int, int], rate: str) -> np.ndarray:
        """Return the final test accuracy of each network of a course: (inits,)."""
        return self._course("test_accuracy", deficit, span, rate)[1][:, -1]

    def traces(
        self, deficit: str, span: tuple[int, int], rate: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the epochs of a course, and the Fisher traces at them: (inits, epochs)."""
        return self._course("fisher_trace", deficit, span, rate)

    def _course(
        self, column: str, deficit: str, span: tuple[int, int], rate: str
    ) -> tuple[np.ndarray, np.ndarray]:
        table = self._table
        rows = (table["starts"] == span[0]) & (table["ends"] == span[1])
        for name, value in (("deficit", deficit), ("rate", rate)):
            if not (rows & (table[name] == value)).any():
                there = ", ".join(np.unique(table[name]))
                raise ClaimError(
                    f"claim {self._case.claim}: model {self._case.run!r} has no {name} {value!r} "
                    f"in the epochs {span[0]} to {span[1]}; it has {there}"
                )
            rows &= table[name] == value
        epochs = np.unique(table["epoch"][rows])
        rows &= np.isin(table["init"], self.inits)
        dense = np.full((len(self.inits), len(epochs)), np.nan)
        places = (
            np.searchsorted(self.inits, table["init"][rows]),
            np.searchsorted(epochs, table["epoch"][rows]),
        )
        dense[places] = table[column][rows]
        return epochs, dense
