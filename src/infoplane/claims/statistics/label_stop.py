"""Claim statistics on stopping a training before label information is lost."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import choose_layers, layers_text, measured
from infoplane.claims.learning import learning
from infoplane.claims.registry import claim_statistic
from infoplane.claims.stopping import check_places, patient_stop

CHECK_EVERY, PATIENCE = 10, 10
"""Epochs between checks of early stopping, and checks without a better test loss; as in C32."""


@claim_statistic(needs=("estimator",), unit="accuracy", table="metrics")
def stop_before_label_loss(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    least_label_loss_bits: float,
    least_gain: float,
) -> Finding:
    """Measure what stopping each network at its largest I(T;Y) costs against the best epoch.

    Parameters
    ----------
    evidence : Evidence
        Its table ``metrics`` has the learning curves.
    case : Case
    layers : str or list of int
        One layer. Its I(T;Y) is that of all patterns, test patterns among them: the rule knows
        more than it could in use, so that a failure is one.
    least_label_loss_bits : float
        The premise: I(T;Y) falls by at least this after its largest value.
    least_gain : float
        The condition: test accuracy at the stop minus that at the end is at least this.

    Returns
    -------
    Finding
        Mean test accuracy at the stops minus the largest mean test accuracy of any one epoch for
        all networks, which no network chooses for itself: the largest of each curve would be
        that of its noise. The null stops each network where another one's I(T;Y) is largest. What
        every network contributes is test accuracy and epoch of four stops: this one, that best
        epoch, where early stopping on the test loss goes back to, and the end.
    """
    found = evidence.planes(case)
    chosen = choose_layers(case, found, layers)
    if len(chosen) != 1:
        raise ClaimError(f"claim {case.claim}: layers {layers!r} must be one layer")
    stops = last_of_the_largest(found.complete("mi_label_bits")[:, :, chosen[0]])
    accuracy = learning(evidence, case, "test_accuracy")
    compared = compared_stops(found.epochs, stops, accuracy, learning(evidence, case, "test_loss"))
    stopped, end = compared[:, 0], compared[:, 6]
    # Each network has another one's stop.
    others = accuracy[np.arange(len(accuracy)), np.roll(stops, 1)]
    resampling = evidence.resampling

    def regret(values: np.ndarray) -> np.ndarray:
        means = resampling.means(np.column_stack([values, accuracy]))
        return means[:, 0] - means[:, 1:].max(axis=1, initial=-np.inf)

    loss = measured(case, found, "label_loss_bits")[:, chosen[0]]
    text = f"{layers_text(found, chosen, 'mean')}"
    return Finding(
        f"test accuracy where I(T;Y) of {text} is largest minus that of the best epoch for all "
        f"networks; {_epochs_text(found.epochs[stops])}",
        resampling.interval(regret(stopped)),
        found.inits,
        compared,
        found.diverged,
        (
            Condition(
                "test accuracy at the stop minus that at the end",
                resampling.mean(stopped - end),
                least_gain,
                "at_least",
            ),
        ),
        (
            Condition(
                f"largest minus final I(T;Y) of {text}, mean, bits,",
                resampling.mean(loss),
                least_label_loss_bits,
                "at_least",
            ),
        ),
        decided_by=tuple(chosen),
        null=resampling.interval(regret(others)),
    )


def last_of_the_largest(curves: np.ndarray) -> np.ndarray:
    """Return where each curve is largest, the last place of several.

    Parameters
    ----------
    curves : array of float, shape (inits, epochs)

    Returns
    -------
    places : array of int, shape (inits,)
    """
    if not curves.size:
        return np.zeros(len(curves), int)
    return curves.shape[1] - 1 - curves[:, ::-1].argmax(axis=1)


def compared_stops(
    epochs: np.ndarray, stops: np.ndarray, accuracy: np.ndarray, loss: np.ndarray
) -> np.ndarray:
    """Return how accurate each network is at its stop and at three others, and when they are.

    Parameters
    ----------
    epochs : array of int, shape (epochs,)
        Increasing.
    stops : array of int, shape (inits,)
        Positions of the stops.
    accuracy, loss : array of float, shape (inits, epochs)
        On test patterns.

    Returns
    -------
    compared : array of float64, shape (inits, 8)
        Accuracy and epoch of the stop, of the best epoch for all networks, of where early stopping
        with patience goes back to, and of the end.
    """
    if not len(accuracy):
        return np.empty((0, 8))
    best, end = accuracy.mean(axis=0).argmax(), len(epochs) - 1
    checks = check_places(epochs, CHECK_EVERY)
    patient = checks[[patient_stop(-one, 0.0, PATIENCE)[0] for one in loss[:, checks]]]
    networks = np.arange(len(accuracy))
    pairs = [
        (accuracy[networks, places], epochs[places])
        for places in np.broadcast_arrays(stops, best, patient, end)
    ]
    return np.column_stack([column for pair in pairs for column in pair])


def _epochs_text(epochs: np.ndarray) -> str:
    if not len(epochs):
        return "no network"
    low, middle, high = np.quantile(epochs, [0.25, 0.5, 0.75], method="nearest")
    return (
        f"half of the networks stop between epochs {low:g} and {high:g}, the middle one {middle:g}"
    )
