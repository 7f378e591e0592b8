"""Rules that stop training early: by the information of the last layer, and by a test loss.

A rule is asked at checks, snapshots some epochs apart, of which the first is before training.
"""

from __future__ import annotations

import numpy as np

RULES = ("published", "of_its_size", "patient")


def check_places(epochs: np.ndarray, every: int) -> np.ndarray:
    """Return the positions of snapshots that are at least so many epochs apart.

    Parameters
    ----------
    epochs : array of int, shape (epochs,)
        Increasing.
    every : int

    Returns
    -------
    places : array of int64
        The first snapshot, and each that is far enough from the one taken before; of a training
        shorter than that, the first and the last.
    """
    places = [0]
    for place, epoch in enumerate(epochs):
        if epoch >= epochs[places[-1]] + every:
            places.append(place)
    if len(places) == 1 < len(epochs):
        places.append(len(epochs) - 1)
    return np.array(places, dtype=np.int64)


def information_stop(criterion: np.ndarray, rule: str, tolerance: float, patience: int) -> int:
    """Return the check at which a rule on the information of a layer stops.

    Parameters
    ----------
    criterion : array of float, shape (checks,)
        I(T;Y) - beta I(X;T) in bits; checks[0] is before training.
    rule : str
        ``"published"``: at the first check. ``"of_its_size"``: at the first check where the
        criterion has grown, since the one before, by less than the tolerance's share of its size.
        ``"patient"``: as early stopping does, after so many checks in a row without a new best,
        larger by the tolerance's share of the best's size.
    tolerance : float
    patience : int
        Checks.

    Returns
    -------
    check : int
        The last one if the rule never stops.

    Notes
    -----
    Skoltech's code compares the growth with the share of the criterion itself, which is negative
    for deterministic networks, and stops at its first check. A share of the size is the least
    change that makes it a rule. Its criterion falls while a network learns to tell patterns apart,
    so that this one may stop at once as well; patience is the next change.
    """
    if rule not in RULES:
        raise ValueError(f"rule {rule!r} is not one of: {', '.join(RULES)}")
    last = len(criterion) - 1
    if rule == "published":
        return min(1, last)
    if rule == "of_its_size":
        grown = np.diff(criterion) >= tolerance * np.abs(criterion[:-1])
        return last if grown.all() else int(np.argmin(grown)) + 1
    return patient_stop(criterion, tolerance, patience)[1]


def patient_stop(values: np.ndarray, tolerance: float, patience: int) -> tuple[int, int]:
    """Return the best check, and the one at which early stopping with patience stops.

    Parameters
    ----------
    values : array of float, shape (checks,)
        Larger is better, such as a negative test loss.
    tolerance : float
        A new best is larger by this share of the best's size.
    patience : int
        Checks in a row without a new best.

    Returns
    -------
    best, stop : int
        Checks; the last one if nothing stops.
    """
    best = 0
    for check, value in enumerate(values):
        if value > values[best] + tolerance * abs(values[best]):
            best = check
        elif check - best >= patience:
            return best, check
    return best, len(values) - 1
