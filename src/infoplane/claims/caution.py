"""Warnings beside verdicts: an estimate at its ceiling, an estimator outside its audited range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import Finding

CEILING_MARGIN_BITS = 0.05
TOLERANCE_BITS = 0.1
LAYER_FAMILIES = ("saturated_layer", "half_dead_layer")
"""Tasks of the audit that are made like trained layers."""


@dataclass(frozen=True)
class AuditedRange:
    """Tell where an estimator was right in the audit.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns ``family, dimension, samples, estimator, quantity, bias_bits, spread_bits,
        refused`` of `infoplane.audit.audit_estimators`.
    audited_as : mapping of str to str
        The audited estimator behind an estimate's name.
    units : mapping of str to sequence of int
        Units of layers 1 .. L of each run.
    """

    table: pd.DataFrame
    audited_as: Mapping[str, str]
    units: Mapping[str, Sequence[int]]

    def holds(
        self, estimate: str, run: str, layer: int, quantity: str, samples: float
    ) -> bool | None:
        """Tell whether an estimator was right on layers like one of a run.

        Parameters
        ----------
        estimate, run : str
        layer : int
            1 .. layers.
        quantity : {'input', 'label'}
        samples : float
            On how many patterns the layer was measured.

        Returns
        -------
        bool or None
            Whether the root-mean-square error is at most `TOLERANCE_BITS` in every task of
            `LAYER_FAMILIES`, at the audited number of samples and units nearest to the layer's
            on a logarithmic scale. None if the estimator was not audited.
        """
        if estimate not in self.audited_as or run not in self.units:
            return None
        rows = self.table[
            (self.table["estimator"] == self.audited_as[estimate])
            & (self.table["quantity"] == quantity)
            & self.table["family"].isin(LAYER_FAMILIES)
        ]
        wanted = {"samples": samples, "dimension": self.units[run][layer - 1]}
        for column, value in wanted.items():
            distance = np.abs(np.log(rows[column] / value))
            rows = rows[distance == distance.min()]
        if rows.empty:
            return None
        errors = np.hypot(rows["bias_bits"], rows["spread_bits"])
        # A refusal has no error, and is not right either.
        return bool((errors <= TOLERANCE_BITS).all())


def caution(
    evidence: Evidence,
    case: Case,
    finding: Finding,
    parameters: Mapping,
    audited: AuditedRange | None = None,
) -> str:
    """Say why a verdict rests on an estimate that cannot carry it.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    finding : Finding
        Its `decided_by` names the layers that decide.
    parameters : mapping
        The claim's.
    audited : AuditedRange, optional
        Where the estimators were found to be right.

    Returns
    -------
    text : str
        Empty if there is nothing to say.
    """
    if case.estimator is None or not finding.decided_by:
        return ""
    quantity = "label" if "label" in str(parameters.get("quantity", "")) else "input"
    texts = []
    for one in case.runs:
        found = evidence.planes(one)
        beside = f" ({one.run})" if len(case.runs) > 1 else ""
        if quantity == "input" and "ceiling_bits" in found.measured:
            ceiling = found.measured["ceiling_bits"] - CEILING_MARGIN_BITS
            high = (found.measured["mi_input_bits"] >= ceiling)[:, :, list(finding.decided_by)]
            networks = int(high.any(axis=(1, 2)).sum())
            if networks:
                texts.append(f"at its ceiling in {networks} of {found.inits.size} networks{beside}")
        if audited is not None and found.inits.size:
            samples = float(np.median(found.measured["samples"]))
            layers = [int(found.layers[place]) for place in finding.decided_by]
            held = [
                audited.holds(case.estimator, one.run, layer, quantity, samples) for layer in layers
            ]
            if False in held:
                texts.append(f"outside its audited range{beside}")
    return "; ".join(texts)
