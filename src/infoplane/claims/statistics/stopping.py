"""Claim statistic on stopping by information against stopping by a test loss."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.learning import learning
from infoplane.claims.registry import claim_statistic
from infoplane.claims.stopping import RULES, check_places, information_stop, patient_stop


@claim_statistic(needs=("estimator",), unit="accuracy", table="metrics", positive=("beta",))
def stopping_rule(
    evidence: Evidence,
    case: Case,
    *,
    rule: str,
    beta: float,
    tolerance: float,
    check_every: int,
    patience: int,
    largest_cost: float,
    least_fall: float,
) -> Finding:
    """Compare the test accuracy where a rule on information stops with patience's on the loss.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
    rule : str
        One of `infoplane.claims.stopping.RULES`.
    beta, tolerance : float
        Of the rule: the criterion is I(T;Y) - beta I(X;T) of the output layer; `beta` is above 0.
    check_every : int
        Epochs between two checks, of both rules; where snapshots are further apart, as late in
        training, those are the checks.
    patience : int
        Checks without a better test loss after which early stopping stops and goes back to its
        best; of ``patient`` rules too.
    largest_cost : float
        The condition: epochs trained, over those that early stopping has trained.
    least_fall : float
        The premise that there is something to stop: the test error falls at least by this from the
        start to where early stopping goes back to.

    Returns
    -------
    Finding
        The difference of test accuracies, networks paired; the values have both stop epochs and
        accuracies. The null is the same difference for a check drawn at random. Both rules look at
        test patterns or at all, so that early stopping has a small advantage: its loss is that of
        the patterns which judge it. What an estimate of information costs is not counted.
    """
    if rule not in RULES:
        raise ClaimError(f"claim {case.claim}: rule {rule!r} is not one of: {', '.join(RULES)}")
    found, resampling = evidence.planes(case), evidence.resampling
    rows = np.empty((0, 6))
    if found.inits.size:
        inputs, labels = (
            found.complete(name)[:, :, -1] for name in ("mi_input_bits", "mi_label_bits")
        )
        places = check_places(found.epochs, check_every)
        accuracy, loss = (
            learning(evidence, case, f"test_{name}")[:, places] for name in ("accuracy", "loss")
        )
        criteria = (labels - beta * inputs)[:, places]
        rows = np.array(
            [
                _compared(*curves, found.epochs[places], rule, tolerance, patience)
                for curves in zip(criteria, loss, accuracy, strict=True)
            ]
        )
    own, own_accuracy, other, other_accuracy, random, start = rows.T
    epochs = ", ".join(f"{np.median(each):g}" for each in (own, other) if each.size)
    output = (found.layers.size - 1,)
    return Finding(
        "test accuracy where information stops minus that of early stopping, mean; stopped at "
        f"epochs (median) {epochs or 'none'}",
        resampling.mean(own_accuracy - other_accuracy),
        found.inits,
        rows[:, :4],
        found.diverged,
        conditions=(
            Condition(
                "epochs trained over those of early stopping",
                resampling.ratio_of_means(own, other),
                largest_cost,
                "at_most",
            ),
        ),
        premises=(
            Condition(
                "fall of the test error to the best check",
                resampling.mean(other_accuracy - start),
                least_fall,
                "at_least",
            ),
        ),
        decided_by=output,
        blindness="either",
        seen=output,
        null=resampling.mean(random - other_accuracy),
    )


def _compared(criterion, loss, accuracy, epochs, rule: str, tolerance: float, patience: int):
    """Return where both rules stop one network, and its accuracies there, on average, at first."""
    stop = information_stop(criterion, rule, tolerance, patience)
    best, end = patient_stop(-loss, 0.0, patience)
    return (
        *(epochs[stop], accuracy[stop], epochs[end], accuracy[best]),
        *(accuracy[1:].mean(), accuracy[0]),
    )
