"""What samples need for neighbours among them to tell of a density."""

from __future__ import annotations

import numpy as np

from infoplane.checks import require_not_negative, require_whole
from infoplane.estimators.discrete import duplicate_share, exact_row_numbers

LEAST_DISTINCT_SHARE = 0.5
TIED_SHARE = 0.01
"""Of rows that repeat another and are moved apart. Ours: single precision repeats a few of some
thousand values of a density, dead or saturated units most."""


def check_tied_share(tied_share: float) -> None:
    """Refuse what is no share."""
    require_not_negative("tied_share", tied_share)
    if tied_share > 1:
        raise ValueError(f"tied_share must be at most 1, not {tied_share!r}")


def check_continuous(
    name: str, values: np.ndarray, neighbours: int, tied_share: float
) -> np.ndarray:
    """Refuse what has no density to estimate, or fewer samples than neighbours.

    Parameters
    ----------
    name : str
        What to call the values in a message.
    values : array of float, shape (samples, units)
    neighbours : int
    tied_share : float
        The largest share of rows that may repeat another.

    Returns
    -------
    array of float64, shape (samples, units)
        The same values; where rows are equal, all but the first moved in every unit by up to half
        of single precision's spacing, at random with a fixed seed, so that which neighbours are
        nearest does not hang on the search.

    Raises
    ------
    ValueError
        If more rows are equal, one more than `neighbours` times, most values in every unit are, or
        shapes do not fit.
    """
    require_whole("neighbours", neighbours, at_least=1)
    check_tied_share(tied_share)
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name} must have shape (samples, units), not {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite")
    if len(values) <= neighbours:
        raise ValueError(
            f"neighbours must be below the number of samples ({len(values)}), not {neighbours}"
        )
    distinct = _apart(name, values, neighbours, tied_share)
    if all(len(np.unique(unit)) < LEAST_DISTINCT_SHARE * len(values) for unit in values.T):
        raise ValueError(
            f"{name} must have a density, but in each unit more than "
            f"{1 - LEAST_DISTINCT_SHARE:.0%} of the values repeat another; declare noise that "
            "tells them apart, or use an estimator for discrete values"
        )
    return distinct


def _apart(name: str, values: np.ndarray, neighbours: int, tied_share: float) -> np.ndarray:
    """Move equal rows apart; refuse more of them than rounding makes."""
    share = duplicate_share(values)
    if share == 0:
        return values
    remedy = "declare noise that tells them apart, or use an estimator for discrete values"
    if share > tied_share:
        raise ValueError(
            f"{name} must have a density, but {share:.4%} of its {len(values)} rows repeat "
            f"another row, more than tied_share={tied_share} allows; {remedy}"
        )
    _, firsts, counts = np.unique(exact_row_numbers(values), return_index=True, return_counts=True)
    times = counts.max()
    # So that the k-th neighbour never is as near as the rule here puts it.
    if times > neighbours:
        raise ValueError(
            f"{name} must have a density, but one row is there {times} times, more than "
            f"neighbours={neighbours} allows; {remedy}"
        )
    repeated = np.ones(len(values), dtype=bool)
    repeated[firsts] = False
    largest = np.finfo(np.float32).max
    sizes = np.minimum(np.abs(values[repeated]), largest).astype(np.float32)
    steps = np.random.default_rng(0).uniform(-0.5, 0.5, sizes.shape)
    distinct = values.copy()
    distinct[repeated] += steps * np.spacing(sizes).astype(np.float64)
    return distinct


def check_class_sizes(labels: np.ndarray, neighbours: int) -> None:
    """Refuse labels with too few samples to have that many neighbours."""
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() <= neighbours:
        raise ValueError(
            f"each label needs more samples than neighbours ({neighbours}); label "
            f"{classes[sizes.argmin()]} has {sizes.min()}"
        )
