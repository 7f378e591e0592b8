"""What claims are judged from: the study's tables, by run, estimator and gradient definition."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infoplane.claims.trajectories import (
    QUANTITIES,
    Trajectories,
    layer_name,
    split,
    summarise,
    trajectories,
)
from infoplane.statistics import Interval, Resampling, verdict

if TYPE_CHECKING:
    from infoplane.claims.caution import AuditedRange

LAYER_WORDS = ("all", "hidden", "last_hidden", "output")
ACROSS = {"largest": np.max, "smallest": np.min, "mean": np.mean, "median": np.median}


class ClaimError(ValueError):
    """Report a claim that cannot be judged as it is written."""


@dataclass(frozen=True)
class Case:
    """Name what one row of the table of claims is about.

    Attributes
    ----------
    claim : str
    run : str
    reference : str or None
        The run to compare with.
    estimator : str or None
    definition : str or None
        Of the gradient statistics.
    """

    claim: str
    run: str
    reference: str | None = None
    estimator: str | None = None
    definition: str | None = None

    @property
    def protocol(self) -> str:
        """Return the condition the row is about: its run, and the one it is compared with."""
        return f"{self.run} vs {self.reference}" if self.reference else self.run

    @property
    def runs(self) -> tuple[Case, ...]:
        """Return the case of each run alone: its own, then the one it is compared with."""
        names = (self.run, self.reference) if self.reference else (self.run,)
        return tuple(replace(self, run=name, reference=None) for name in names)

    @property
    def measure(self) -> str:
        """Return by what the row was measured: the estimator, else the gradient definition."""
        return self.estimator or self.definition

    def __str__(self) -> str:
        return ", ".join(part for part in (self.claim, self.protocol, self.measure) if part)


@dataclass(frozen=True)
class Condition:
    """Hold a second quantity that decides along with a row's own."""

    text: str
    interval: Interval
    threshold: float
    direction: str

    @property
    def verdict(self) -> str:
        """Return whether the condition is met."""
        return verdict(self.interval.low, self.interval.high, self.threshold, self.direction)

    def __str__(self) -> str:
        words = self.direction.replace("_", " ")
        return f"{self.text} {self.interval} {words} {self.threshold:g}"


@dataclass(frozen=True)
class Finding:
    """Hold what a claim's statistic is in one case.

    Attributes
    ----------
    statistic : str
        What was measured, with its unit.
    interval : Interval
        Compared with the claim's threshold.
    inits : array of int64, shape (inits,)
        The initialisations used.
    values : array of float, shape (inits,) or (inits, layers)
        What each initialisation contributes.
    diverged : tuple of int
        The initialisations left out.
    conditions : tuple of Condition
        Must hold as well for the claim to be supported.
    premises : tuple of Condition
        Must hold for the case to say anything about the claim.
    decided_by : tuple of int
        Positions of the layers whose estimates decide; empty if not those of single layers.
    """

    statistic: str
    interval: Interval
    inits: np.ndarray
    values: np.ndarray
    diverged: tuple[int, ...] = ()
    conditions: tuple[Condition, ...] = ()
    premises: tuple[Condition, ...] = ()
    decided_by: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [self.statistic]
        parts += [f"and {condition}" for condition in self.conditions]
        parts += [f"given {premise}" for premise in self.premises]
        return "; ".join(parts)


@dataclass
class Evidence:
    """Give claims what the tables hold, and refuse by name what they do not.

    Attributes
    ----------
    information : pandas.DataFrame
        Columns ``run, init, epoch, layer, estimator, mi_input_bits, mi_label_bits, status``,
        and ``ceiling_bits`` for warnings.
    gradients : pandas.DataFrame
        Columns ``run, init, epoch, layer, definition, snr, status``.
    resampling : Resampling
    others : dict of str to pandas.DataFrame
        Further tables that a statistic may ask for by name, with the columns ``run, init, epoch,
        layer`` and, if they tell estimators apart, ``estimator``.
    audited : infoplane.claims.caution.AuditedRange, optional
        Where the estimators were found to be right.
    """

    information: pd.DataFrame
    gradients: pd.DataFrame
    resampling: Resampling
    others: dict[str, pd.DataFrame] = field(default_factory=dict)
    audited: AuditedRange | None = None

    def __post_init__(self):
        self._rows = {
            "estimator": split(self.information, "estimator"),
            "definition": split(self.gradients, "definition"),
        }
        self._found = {}

    def planes(self, case: Case) -> Trajectories:
        """Return I(X;T) and I(T;Y) of the case's run along training."""
        columns = ("mi_input_bits", "mi_label_bits", "ceiling_bits")
        columns = [name for name in columns if name in self.information]
        return self._trajectories(case, "estimator", columns)

    def noise(self, case: Case) -> Trajectories:
        """Return the gradients' signal-to-noise ratio along training."""
        return self._trajectories(case, "definition", ("snr",))

    def table(self, case: Case, name: str) -> pd.DataFrame:
        """Return the rows that a further table has of the case's run.

        If the table tells estimators apart, of those only the case's.
        """
        table = self.others.get(name)
        rows = None if table is None else table[table["run"] == case.run]
        if rows is not None and "estimator" in rows:
            rows = rows[rows["estimator"] == case.estimator]
        if rows is None or rows.empty:
            raise ClaimError(
                f"claim {case.claim}: there is no table of {name} of run {case.run!r}, "
                f"estimator {case.estimator!r}"
            )
        return rows

    def beside(self, case: Case, name: str, column: str) -> np.ndarray:
        """Return what a further table has for each estimate of `planes`.

        Parameters
        ----------
        case : Case
        name : str
            The table; it must have the same initialisations, epochs and layers.
        column : str

        Returns
        -------
        measured : array of float, shape (inits, epochs, layers)
        """
        found, rows = self.planes(case), self.table(case, name)
        if not found.inits.size:
            return np.empty((0, found.epochs.size, found.layers.size))
        rows = rows[rows["init"].isin(found.inits)].assign(status="ok")
        other = trajectories(rows, (column,), f"{name} of {case.run}")
        for axis in ("inits", "epochs", "layers"):
            if not np.array_equal(getattr(other, axis), getattr(found, axis)):
                raise ClaimError(
                    f"claim {case.claim}: {name} and information of run {case.run!r} have "
                    f"different {'initialisations' if axis == 'inits' else axis}"
                )
        return other.measured[column]

    def _trajectories(self, case, kind, columns) -> Trajectories:
        run = case.run
        key = (run, getattr(case, kind))
        if (kind, *key) not in self._found:
            rows = self._rows[kind].get(key)
            if rows is None:
                there = sorted(value for known, value in self._rows[kind] if known == run)
                raise ClaimError(
                    f"claim {case.claim}: the table has no {kind} {key[1]!r} of run {run!r}; "
                    + (f"it has {', '.join(there)}" if there else "it has nothing of that run")
                )
            self._found[(kind, *key)] = trajectories(rows, columns, ", ".join(key))
        return self._found[(kind, *key)]


def measured(case: Case, found: Trajectories, quantity: str) -> np.ndarray:
    """Return a statistic of every trajectory.

    Parameters
    ----------
    case : Case
    found : Trajectories
    quantity : str
        One of `infoplane.claims.trajectories.QUANTITIES`.

    Returns
    -------
    values : array of float, shape (inits, layers)
    """
    if quantity not in QUANTITIES:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(QUANTITIES)}"
        )
    found.complete("mi_label_bits" if "label" in quantity else "mi_input_bits")
    return summarise(found)[quantity]


def at_the_end(values: np.ndarray) -> np.ndarray:
    """Return measurements of the last epoch.

    Parameters
    ----------
    values : array of float, shape (inits, epochs, layers)
        Without initialisations there may be no epochs.

    Returns
    -------
    values : array of float, shape (inits, layers)
    """
    return values[:, -1] if len(values) else np.empty((0, values.shape[2]))


def choose_layers(case: Case, found: Trajectories, layers: str | list[int]) -> list[int]:
    """Return the positions of the layers that a claim is about.

    Parameters
    ----------
    case : Case
    found : Trajectories
    layers : str or list of int
        One of `LAYER_WORDS`, or numbers from 1, the last being the output layer.

    Returns
    -------
    positions : list of int
    """
    there = found.layers.tolist()
    words = dict(zip(LAYER_WORDS, (there, there[:-1], there[-2:-1], there[-1:]), strict=True))
    if isinstance(layers, str):
        if layers not in words:
            raise ClaimError(
                f"claim {case.claim}: layers {layers!r} is neither a list of numbers nor one "
                f"of: {', '.join(LAYER_WORDS)}"
            )
        layers = words[layers]
    unknown = [layer for layer in layers if layer not in there]
    if unknown or not layers:
        raise ClaimError(
            f"claim {case.claim}: run {case.run!r} has the layers {there}, not {unknown}"
        )
    return [there.index(layer) for layer in layers]


def combine_layers(case: Case, replicates: np.ndarray, across: str) -> np.ndarray:
    """Reduce the layers of replicates, or of initialisations, to one number a row.

    Parameters
    ----------
    case : Case
    replicates : array of float, shape (rows, layers)
    across : str
        One of `ACROSS`.

    Returns
    -------
    replicates : array of float, shape (rows,)
    """
    if across not in ACROSS:
        raise ClaimError(
            f"claim {case.claim}: across {across!r} is not one of: {', '.join(ACROSS)}"
        )
    return ACROSS[across](replicates, axis=1)


def deciding_layers(positions: list[int], values: np.ndarray, across: str) -> tuple[int, ...]:
    """Return the positions of the layers that decide: one if the largest or smallest mean does.

    Parameters
    ----------
    positions : list of int
    values : array of float, shape (inits, positions)
    across : str
        One of `ACROSS`.
    """
    if across not in ("largest", "smallest") or not len(values):
        return tuple(positions)
    means = values.mean(axis=0)
    return (positions[int(means.argmax() if across == "largest" else means.argmin())],)


def layers_text(found: Trajectories, positions: list[int], across: str) -> str:
    """Return the words for the chosen layers, such as ``largest of T1, T2``."""
    names = [layer_name(int(found.layers[place]), len(found.layers)) for place in positions]
    return names[0] if len(names) == 1 else f"{across} of {', '.join(names)}"
