"""Warnings beside verdicts: an estimate at its ceiling, an estimator outside its audited range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from infoplane.claims.entries import Reading
from infoplane.claims.evidence import Case, Evidence
from infoplane.claims.findings import OF_NOISE, Finding
from infoplane.claims.rescaling import rescaling_caution
from infoplane.claims.resolution import Resolution

TOLERANCE_BITS = 0.1
LAYER_FAMILIES = ("saturated_layer", "half_dead_layer")
"""Tasks of the audit that are made like trained layers."""
DROPS = ("drop_bits", "net_drop_bits")
BOUNDED = ("tanh", "softsign")
"""Activations whose layers are audited as bounded; all others as unbounded."""
# As in a test: 80 % power, 5 % false finds. Set when the audit's own numbers had been seen.
LEAST_POWER, MOST_FALSE_FINDS = 0.8, 0.05


@dataclass(frozen=True)
class DropErrors:
    """Hold how an estimator does on drops that are known.

    Attributes
    ----------
    power : float
        Share of the drops that are there that it finds; NaN if none was tried.
    false_finds : float
        Share of trainings without such a drop in which it finds one; NaN if none was tried.
    worst_family, worst_false_finds : str, float
        What happens to the layers in which that share is largest.
    """

    power: float
    false_finds: float
    worst_family: str
    worst_false_finds: float

    def __str__(self) -> str:
        """Return what to be warned of, empty if nothing."""
        texts = []
        if self.power < LEAST_POWER:
            texts.append(f"misses {1 - self.power:.0%} of known drops")
        if self.worst_false_finds > MOST_FALSE_FINDS:
            where = self.worst_family.replace("_", " ")
            texts.append(f"finds drops that are not there ({self.worst_false_finds:.0%}: {where})")
        return ", ".join(texts)


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
    drops : pandas.DataFrame, optional
        Columns ``family, units, dimension, estimator, threshold_bits, is_there, found`` of
        `infoplane.audit.audit_drops`, by the names of the estimates themselves.
    activations : mapping of str to str
        Of each run's hidden layers.
    """

    table: pd.DataFrame
    audited_as: Mapping[str, str]
    units: Mapping[str, Sequence[int]]
    drops: pd.DataFrame | None = None
    activations: Mapping[str, str] = field(default_factory=dict)

    def drop_errors(
        self, estimate: str, run: str, layer: int, threshold_bits: float
    ) -> DropErrors | None:
        """Tell how an estimator does on drops of layers like one of a run.

        Parameters
        ----------
        estimate, run : str
        layer : int
            1 .. layers.
        threshold_bits : float
            From which on a drop counts.

        Returns
        -------
        DropErrors or None
            Of made-up trainings with such units, at the audited number of units and the threshold
            nearest to these on a logarithmic scale. None if the estimator was not audited there,
            or refused all.
        """
        if self.drops is None or run not in self.units:
            return None
        units = "bounded" if self.activations.get(run) in BOUNDED else "unbounded"
        rows = self.drops[(self.drops["estimator"] == estimate) & (self.drops["units"] == units)]
        rows = rows[rows["found"].notna()]
        rows = _nearest(rows, "dimension", self.units[run][layer - 1])
        rows = _nearest(rows, "threshold_bits", threshold_bits)
        if rows.empty:
            return None
        there = rows["is_there"].astype(bool)
        none = rows[~there].groupby("family")["found"].mean()
        worst = none.idxmax() if len(none) else ""
        return DropErrors(
            float(rows.loc[there, "found"].mean()),
            float(none.mean()),
            worst,
            float(none.max()),
        )

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
            rows = _nearest(rows, column, value)
        if rows.empty:
            return None
        errors = np.hypot(rows["bias_bits"], rows["spread_bits"])
        # A refusal has no error, and is not right either.
        return bool((errors <= TOLERANCE_BITS).all())


def _nearest(rows: pd.DataFrame, column: str, value: float) -> pd.DataFrame:
    """Choose the rows whose value is nearest on a logarithmic scale."""
    distance = np.abs(np.log(rows[column] / value))
    return rows[distance == distance.min()]


@dataclass(frozen=True)
class Background:
    """Hold what is known of a study besides what was measured.

    Attributes
    ----------
    resolution : Resolution
        When an estimate is blind.
    audited : AuditedRange or None
        Where the estimators were found to be right, for warnings.
    protocols : mapping of str to str
        Of each run the protocol it starts from.
    rescaled : pandas.DataFrame or None
        Of the measure `rescaled`, for warnings.
    """

    resolution: Resolution = field(default_factory=Resolution)
    audited: AuditedRange | None = None
    protocols: Mapping[str, str] = field(default_factory=dict)
    rescaled: pd.DataFrame | None = None

    def protocol(self, case: Case) -> str:
        """Return the protocols of the case's runs, each once."""
        names = [self.protocols.get(one.run, "") for one in case.runs]
        return " vs ".join(dict.fromkeys(filter(None, names)))


def caution(
    evidence: Evidence,
    case: Case,
    finding: Finding,
    reading: Reading,
    background: Background,
) -> str:
    """Say why a verdict rests on an estimate that cannot carry it.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    finding : Finding
        Its `decided_by` names the layers that decide.
    reading : Reading
        Of the claim.
    background : Background
        When an estimate is at its ceiling, where the estimators were found to be right, and what
        they say of layers in other units.

    Returns
    -------
    text : str
        Empty if there is nothing to say.
    """
    if case.estimator is None or not finding.decided_by:
        return ""
    parameters, threshold = reading.parameters, reading.threshold
    quantity = "label" if "label" in str(parameters.get("quantity", "")) else "input"
    audited, rescaled = background.audited, background.rescaled
    margin, texts = background.resolution.ceiling_margin_bits, []
    for one in case.runs:
        found = evidence.planes(one)
        beside = f" ({one.run})" if len(case.runs) > 1 else ""
        if quantity == "input" and "ceiling_bits" in found.measured:
            ceiling = found.measured["ceiling_bits"] - margin
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
            if parameters.get("quantity", finding.quantity) in DROPS and threshold > 0:
                errors = [
                    audited.drop_errors(case.estimator, one.run, layer, threshold)
                    for layer in layers
                ]
                told = dict.fromkeys(str(error) for error in errors if error is not None)
                texts += [f"{text}{beside}" for text in told if text]
        if rescaled is not None and parameters.get("quantity") in OF_NOISE:
            layers = [int(found.layers[place]) for place in finding.decided_by]
            terms = case.estimator, layers, threshold, parameters["quantity"]
            texts += filter(None, [rescaling_caution(rescaled, one.run, *terms)])
    return "; ".join(texts)
