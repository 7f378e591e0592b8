"""Claim statistics on what layers tell about patterns that the network was not trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Condition, Finding
from infoplane.claims.layers import at_the_end, choose_layers, layers_text
from infoplane.claims.registry import claim_statistic


@claim_statistic(needs=("estimator",), unit="share", table="held_out_labels", of_planes=False)
def held_out_label_share(
    evidence: Evidence,
    case: Case,
    *,
    layers: str | list[int],
    largest_permuted_share: float,
    lower_bounds: list[str],
) -> Finding:
    """Measure the share of H(Y) that layers keep at the end, with a null control.

    Parameters
    ----------
    evidence : Evidence
        Its table ``held_out_labels`` has the columns ``mi_label_bits, permuted_label_bits,
        training_label_bits, all_label_bits, label_entropy_bits``, in bits.
    case : Case
    layers : str or list of int
        Averaged.
    largest_permuted_share : float
        The premise that the estimator does not find labels in any layer: it finds at most this
        share of H(Y) after they have been permuted.
    lower_bounds : list of str
        Estimators that give a lower bound: all of H(Y) may be there, and no claim is refuted.

    Returns
    -------
    Finding
    """
    found = evidence.table(case, "held_out_labels")
    chosen = choose_layers(case, found, layers)
    entropy = at_the_end(found.complete("label_entropy_bits"))[:, chosen]

    def shares(column: str) -> np.ndarray:
        return (at_the_end(found.complete(column))[:, chosen] / entropy).mean(axis=1)

    held_out, permuted = shares("mi_label_bits"), shares("permuted_label_bits")
    beside = ""
    if found.inits.size:
        parts = (found.complete(f"{part}_label_bits") for part in ("training", "all"))
        elsewhere = (at_the_end(bits)[:, chosen].mean() for bits in parts)
        beside = "; on the training set {:.3g} bits, on all patterns {:.3g} bits".format(*elsewhere)
    premise = Condition(
        "the same with permuted labels",
        evidence.resampling.mean(permuted),
        largest_permuted_share,
        "at_most",
    )
    text = (
        "final I(T;Y) on patterns not trained on over their H(Y), mean, "
        f"{layers_text(found, chosen, 'mean')}{beside}"
    )
    interval = evidence.resampling.mean(held_out)
    if case.estimator in lower_bounds:
        interval, text = replace(interval, high=max(interval.high, 1.0)), f"{text}; a lower bound"
    return Finding(
        text,
        interval,
        found.inits,
        np.stack([held_out, permuted], axis=1),
        found.diverged,
        premises=(premise,),
    )
