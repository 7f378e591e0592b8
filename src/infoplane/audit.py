"""Audit of estimators on tasks whose mutual information is known.

>>> records = audit_estimators(standard_subjects(), standard_tasks((1, 3)), (256, 1024), 5, 0)
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from infoplane.audit_tasks import AuditTask, Draw, standard_tasks
from infoplane.estimators import Estimate, make_estimator
from infoplane.estimators.edge import dependence_graph_bits
from infoplane.estimators.kde import kde_bounds
from infoplane.estimators.knn import ksg_variants_bits
from infoplane.units import BITS_PER_NAT

__all__ = [
    "AuditSubject",
    "audit_estimators",
    "standard_subjects",
    "standard_tasks",
    "trusted_cells",
]

CEILING_MARGIN_BITS = 0.1
NEIGHBOURS = 3
RENYI_SAMPLES = 400


@dataclass(frozen=True)
class AuditSubject:
    """Describe one estimator as it is audited.

    Attributes
    ----------
    names : str or tuple of str
        Unique; several if one call gives several estimates.
    estimate : callable (AuditTask, Draw) -> Estimate or tuple of Estimate
        As many as there are names, in their order. NaN for a quantity that the estimator does
        not give for that task.
    applies : callable (AuditTask) -> bool
        Whether the task is one for it.
    quantities : tuple of {'input', 'label'}
        Which of I(X;T) and I(T;Y) it estimates at all.
    """

    names: str | tuple[str, ...]
    estimate: Callable[[AuditTask, Draw], Estimate | tuple[Estimate, ...]]
    applies: Callable[[AuditTask], bool] = lambda task: True
    quantities: tuple[str, ...] = ("input", "label")


def audit_estimators(
    subjects: Iterable[AuditSubject],
    tasks: Iterable[AuditTask],
    sizes: Sequence[int],
    repetitions: int,
    seed: int,
) -> list[dict]:
    """Run estimators on tasks with known information.

    Parameters
    ----------
    subjects : iterable of AuditSubject
    tasks : iterable of AuditTask
    sizes : sequence of int
        Numbers of samples.
    repetitions : int
        Independent draws of each task and size; all subjects get the same.
    seed : int

    Returns
    -------
    list of dict
        One record for each task, size, estimator and quantity with a known value:
        ``task, family, dimension, samples, estimator, quantity`` ('input' or 'label'),
        ``truth_bits, mean_bits, bias_bits, spread_bits`` (standard deviation over draws),
        ``ceiling_bits, at_ceiling`` (share of draws within 0.1 bits of it or above),
        ``repetitions, seconds`` (mean time of a call, for all that it gives together) and
        ``refused`` (why there is no value, else empty). All but the seconds depend on the
        arguments alone.
    """
    if repetitions < 2:
        raise ValueError(f"repetitions must be at least 2 for a spread, not {repetitions!r}")
    subjects = list(subjects)
    records = []
    for task in tasks:
        for samples in sizes:
            key = zlib.crc32(task.name.encode())
            draws = [task.draw(samples, [seed, key, samples, r]) for r in range(repetitions)]
            for subject in subjects:
                if subject.applies(task):
                    records += _audit_cell(subject, task, draws)
    return records


def trusted_cells(records: list[dict], tolerance_bits: float = 0.1) -> list[dict]:
    """Summarise where each estimator is right.

    Parameters
    ----------
    records : list of dict
        From `audit_estimators`.
    tolerance_bits : float
        Largest root-mean-square error that counts as right.

    Returns
    -------
    list of dict
        One for each estimator, quantity and family of tasks: ``estimator, quantity, family,
        cells, trusted`` (share of cells within the tolerance; refusals count as not trusted),
        ``worst_bias_bits`` (largest in size, with its sign; NaN if all refused), ``refused``
        (share of cells).
    """
    groups: dict[tuple, list[dict]] = {}
    for record in records:
        key = (record["estimator"], record["quantity"], record["family"])
        groups.setdefault(key, []).append(record)
    summaries = []
    for (estimator, quantity, family), cells in groups.items():
        given = [cell for cell in cells if not cell["refused"]]
        errors = [math.hypot(cell["bias_bits"], cell["spread_bits"]) for cell in given]
        summaries.append(
            {
                "estimator": estimator,
                "quantity": quantity,
                "family": family,
                "cells": len(cells),
                "trusted": sum(error <= tolerance_bits for error in errors) / len(cells),
                "worst_bias_bits": max((c["bias_bits"] for c in given), key=abs, default=math.nan),
                "refused": 1 - len(given) / len(cells),
            }
        )
    return summaries


def standard_subjects() -> list[AuditSubject]:
    """Return the estimators of the audit, as they are used in the study.

    Returns
    -------
    list of AuditSubject
        Estimators that declare noise get the layer and the task's own noise where it has
        some (`kde_upper`, `knn`), and usual variances where it has none (`kde_0.1_upper`,
        `knn_0.001`). The others get the layer with its noise, and are asked for I(X;T) only
        where T is a function of X. The matrix-based ones take at most 400 samples, as in the
        study: the time of their spectra grows with the third power.
    """

    def noisy(task: AuditTask) -> bool:
        return task.noise_variance > 0

    def quiet(task: AuditTask) -> bool:
        return not noisy(task)

    renyi = {"method": "matrix_renyi", "samples": RENYI_SAMPLES}
    return [
        AuditSubject("binned_30", _binned(30)),
        AuditSubject("binned_100", _binned(100)),
        AuditSubject("adaptive_30", _of_observed("adaptive", bins=30)),
        AuditSubject("machine_precision", _of_observed("machine_precision", precision="float64")),
        AuditSubject(("kde_upper", "kde_lower"), _kde(), noisy),
        AuditSubject(("kde_0.1_upper", "kde_0.1_lower"), _kde(0.1), quiet),
        AuditSubject(("kde_0.001_upper", "kde_0.001_lower"), _kde(1e-3), quiet),
        AuditSubject("kde_scaled_0.1", _scaled_kde, quiet),
        AuditSubject("knn_3", _knn(), noisy),
        AuditSubject("knn_3_0.001", _knn(1e-3), quiet),
        AuditSubject("ross_3", _of_observed("knn", noise_variance=0.0), quantities=("label",)),
        AuditSubject(("ksg1_3", "ksg2_3"), _ksg, noisy, quantities=("input",)),
        AuditSubject("edge", _edge),
        AuditSubject("matrix_renyi_alignment", _of_observed(**renyi)),
        AuditSubject("matrix_renyi_median", _of_observed(**renyi, width_rule="median")),
    ]


def _audit_cell(subject: AuditSubject, task: AuditTask, draws: list[Draw]) -> list[dict]:
    """Run one estimator on all draws of one task and size."""
    names = (subject.names,) if isinstance(subject.names, str) else subject.names
    given, refused, seconds = [], "", math.nan
    start = time.perf_counter()
    try:
        given = [subject.estimate(task, draw) for draw in draws]
    except ValueError as error:
        refused = str(error)
    else:
        seconds = (time.perf_counter() - start) / len(draws)
    if isinstance(subject.names, str):
        given = [(estimate,) for estimate in given]
    return [
        {
            "task": task.name,
            "family": task.family,
            "dimension": task.dimension,
            "samples": len(draws[0].labels),
            "estimator": name,
            "quantity": quantity,
            **errors,
            "repetitions": len(draws),
            "seconds": seconds,
            "refused": refused,
        }
        for place, name in enumerate(names)
        for quantity in subject.quantities
        if (errors := _errors(quantity, draws, [estimates[place] for estimates in given]))
    ]


def _errors(quantity: str, draws: list[Draw], estimates: list[Estimate]) -> dict[str, float]:
    """Compare the estimates of one quantity with the truth; empty if either has no value.

    Without any estimates, as after a refusal, all but the truth are NaN.
    """
    name = f"mi_{quantity}_bits"
    truths = np.array([getattr(draw, name) for draw in draws])
    values = np.array([getattr(estimate, name) for estimate in estimates])
    if np.isnan(truths).any() or np.isnan(values).any():
        return {}
    errors = values - truths if len(values) else np.full(len(draws), np.nan)
    # The ceiling is one of I(X;T).
    ceilings = np.array([estimate.ceiling_bits for estimate in estimates])
    is_input = quantity == "input" and len(values) > 0
    at_ceiling = np.mean(values > ceilings - CEILING_MARGIN_BITS) if is_input else 0.0
    return {
        "truth_bits": float(truths.mean()),
        "mean_bits": float(truths.mean() + errors.mean()),
        "bias_bits": float(errors.mean()),
        "spread_bits": float(errors.std(ddof=1)),
        "ceiling_bits": float(ceilings[0]) if is_input else math.nan,
        "at_ceiling": float(at_ceiling),
    }


def _without_input(task: AuditTask, estimate: Estimate) -> Estimate:
    """Drop I(X;T) where T is not a function of X, as the estimator takes it to be."""
    if task.noise_variance == 0:
        return estimate
    return Estimate(math.nan, estimate.mi_label_bits, estimate.ceiling_bits)


def _of_observed(method: str, **parameters) -> Callable[[AuditTask, Draw], Estimate]:
    estimator = make_estimator(method, **parameters)
    return lambda task, draw: _without_input(task, estimator(draw.observed, draw.labels))


def _kde(variance: float | None = None) -> Callable[[AuditTask, Draw], tuple[Estimate, ...]]:
    """Give both bounds in single precision, which the activations of the study have."""

    def estimate(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
        noise = task.noise_variance if variance is None else variance
        bounds = kde_bounds(draw.layer.astype(np.float32), draw.labels, noise)
        return bounds["upper"], bounds["lower"]

    return estimate


def _scaled_kde(task: AuditTask, draw: Draw) -> Estimate:
    """Give the upper bound, in single precision too."""
    estimator = make_estimator("kde_scaled", fraction=0.1)
    return estimator(draw.layer.astype(np.float32), draw.labels)


def _knn(variance: float | None = None) -> Callable[[AuditTask, Draw], Estimate]:
    def estimate(task: AuditTask, draw: Draw) -> Estimate:
        noise = task.noise_variance if variance is None else variance
        estimator = make_estimator("knn", noise_variance=noise, neighbours=NEIGHBOURS)
        return estimator(draw.layer, draw.labels)

    return estimate


def _binned(bins: int) -> Callable[[AuditTask, Draw], Estimate]:
    """Bin the range of the data; with noise, count I(X;T) from both binned variables."""

    def over_range(values: np.ndarray):
        low, high = float(values.min()), float(values.max())
        return make_estimator("binned", bins=bins, low=low, high=high if high > low else low + 1)

    def estimate(task: AuditTask, draw: Draw) -> Estimate:
        binning = over_range(draw.observed)
        direct = binning(draw.observed, draw.labels)
        if task.noise_variance == 0:
            return direct
        states = [
            np.unique(states, return_inverse=True)[1]
            for states in (
                over_range(draw.inputs).states(draw.inputs),
                binning.states(draw.observed),
            )
        ]
        information = dependence_graph_bits(*states, upper_bound_bits=math.inf)
        return Estimate(information, direct.mi_label_bits, direct.ceiling_bits)

    return estimate


def _ksg(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
    """Estimate I(X;T) of two continuous variables, with the value of a perfect dependence."""
    first, second = ksg_variants_bits(draw.inputs, draw.observed, NEIGHBOURS)
    largest = digamma(len(draw.labels)) - digamma(NEIGHBOURS)
    return (
        Estimate(first, math.nan, float(largest * BITS_PER_NAT)),
        Estimate(second, math.nan, float((largest - 1 / NEIGHBOURS) * BITS_PER_NAT)),
    )


def _edge(task: AuditTask, draw: Draw) -> Estimate:
    """Hash the layer; with noise, hash both X and T."""
    estimator = make_estimator("edge")
    direct = estimator(draw.observed, draw.labels)
    if task.noise_variance == 0:
        return direct
    information = estimator.information_bits(draw.inputs, draw.observed)
    return Estimate(information, direct.mi_label_bits, direct.ceiling_bits)
