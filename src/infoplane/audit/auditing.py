"""Audit of estimators on tasks whose mutual information is known.

>>> records = audit_estimators(standard_subjects(), standard_tasks((1, 3)), (256, 1024), 5, 0)
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from infoplane.audit.dropout import dropout_subjects, dropout_tasks
from infoplane.audit.images import image_tasks
from infoplane.audit.layers import layer_tasks
from infoplane.audit.networks import several_networks_subjects, several_networks_tasks
from infoplane.audit.pairs import pair_tasks
from infoplane.audit.subjects import AuditSubject, layer_subjects
from infoplane.audit.tasks import AuditTask, Draw
from infoplane.estimators import Estimate

__all__ = [
    "AuditSubject",
    "audit_estimators",
    "standard_subjects",
    "standard_tasks",
    "trusted_cells",
]

CEILING_MARGIN_BITS = 0.1


def standard_subjects() -> list[AuditSubject]:
    """Return the estimators of the audit, as they are used in the study.

    Returns
    -------
    list of AuditSubject
        Of one layer, of several networks as one, and of layers with Gaussian dropout.
    """
    return [*layer_subjects(), *several_networks_subjects(), *dropout_subjects()]


def standard_tasks(
    dimensions: tuple[int, ...] = (1, 3, 10, 100), pairs: bool = True
) -> list[AuditTask]:
    """Return the tasks of the audit.

    Parameters
    ----------
    dimensions : tuple of int
        Units of the Gaussian channels, the saturated and the half-dead layers.
    pairs : bool
        Whether those of two real-valued variables are among them.

    Returns
    -------
    list of AuditTask
        Of one layer, of images, of several networks as one, of layers with Gaussian dropout, and
        of two variables.
    """
    return [
        *(*layer_tasks(dimensions), *image_tasks(), *several_networks_tasks(), *dropout_tasks()),
        *(pair_tasks() if pairs else ()),
    ]


def audit_estimators(
    subjects: Iterable[AuditSubject],
    tasks: Iterable[AuditTask],
    sizes: Sequence[int],
    repetitions: int,
    seed: int,
    most_samples: Mapping[str, int] | None = None,
) -> list[dict]:
    """Run estimators on tasks with known information.

    Parameters
    ----------
    subjects : iterable of AuditSubject
    tasks : iterable of AuditTask
    sizes : sequence of int
        Numbers of samples; those that a task has not are left out.
    repetitions : int
        Independent draws of each task and size; all subjects get the same.
    seed : int
    most_samples : mapping of str to int, optional
        Numbers of samples above which an estimator is not tried, by any of its names.

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
    subjects, most_samples = list(subjects), dict(most_samples or {})
    names = {name for subject in subjects for name in subject.all_names}
    if unknown := sorted(set(most_samples) - names):
        raise ValueError(f"most_samples names {unknown[0]!r}, which is none of {sorted(names)}")
    records = []
    for task in tasks:
        for samples in (size for size in sizes if size <= (task.most_samples or size)):
            key = zlib.crc32(task.name.encode())
            draws = [task.draw(samples, [seed, key, samples, r]) for r in range(repetitions)]
            for subject in subjects:
                most = min(most_samples.get(name, samples) for name in subject.all_names)
                alike = subject.several_networks == task.several_networks
                alike &= subject.pairs or not task.pairs
                alike &= subject.dropout == (task.relative_noise > 0)
                if alike and subject.applies(task) and samples <= most:
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


def _audit_cell(subject: AuditSubject, task: AuditTask, draws: list[Draw]) -> list[dict]:
    """Run one estimator on all draws of one task and size."""
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
        for place, name in enumerate(subject.all_names)
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
