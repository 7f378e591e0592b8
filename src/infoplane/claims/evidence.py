"""What claims are judged from: what was measured of a study's runs, and what is known of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from infoplane.claims.trajectories import Trajectories
from infoplane.statistics import Resampling

ENTROPIES = {"label_entropy": ("label_bits", "H(Y)"), "input_entropy": ("ceiling_bits", "H(X)")}
"""What a measurement may be taken relative to: its name among what is known, and its symbol."""


class ClaimError(ValueError):
    """Report a claim that cannot be judged as it is written."""


@dataclass(frozen=True)
class Case:
    """Name what one row of the table of claims is about.

    Attributes
    ----------
    claim : str
    run : str
        Or the model, of a claim on models with exact information.
    reference : str or None
        The run to compare with.
    estimator : str or None
    definition : str or None
        Of the gradient statistics.
    others : tuple of str
        Further runs that are taken together with the first.
    reading : str or None
        Of a claim that is read in several ways, such as ``bits`` and ``share``.
    """

    claim: str
    run: str
    reference: str | None = None
    estimator: str | None = None
    definition: str | None = None
    others: tuple[str, ...] = ()

    reading: str | None = None

    @property
    def condition(self) -> str:
        """Return the condition the row is about: its runs, and the one it is compared with."""
        together = ", ".join((self.run, *self.others))
        return f"{together} vs {self.reference}" if self.reference else together

    @property
    def runs(self) -> tuple[Case, ...]:
        """Return the case of each run alone: its own, then the one it is compared with."""
        names = (self.run, *self.others, *((self.reference,) if self.reference else ()))
        return tuple(replace(self, run=name, reference=None, others=()) for name in names)

    @property
    def measure(self) -> str:
        """Return by what the row was measured: the estimator, else the gradient definition.

        What a model gives, or another exact table, is ``exact``.
        """
        return self.estimator or self.definition or "exact"

    def __str__(self) -> str:
        parts = self.claim, self.condition, self.measure, self.reading
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Evidence:
    """Give claims what was measured, and refuse by name what was not.

    Attributes
    ----------
    tables : mapping of str to mapping
        Of each table its trajectories by run and estimator: ``information`` has measured
        ``mi_input_bits`` and ``mi_label_bits``, and for warnings ``ceiling_bits`` and
        ``samples``. ``gradients`` has measured ``snr`` and ``mean_norm``, by run and definition.
        Further tables that a statistic may ask for by name stand under (run, None) if they tell no
        estimators apart.
    resampling : Resampling
    known : mapping of str to mapping, optional
        Of each run what is known of its task, ``label_bits`` and ``ceiling_bits``, and its
        ``training_fraction`` and ``batch_size``, None for the full batch.
    models : mapping of str to mapping, optional
        Of each model with exact information the columns of its table.
    """

    tables: Mapping[str, Mapping[tuple[str, str | None], Trajectories]]
    resampling: Resampling
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

    def planes(self, case: Case) -> Trajectories:
        """Return I(X;T) and I(T;Y) of the case's run along training."""
        return self._measured(case, "information", "estimator", case.estimator)

    def noise(self, case: Case) -> Trajectories:
        """Return the gradients' signal-to-noise ratio along training."""
        return self._measured(case, "gradients", "definition", case.definition)

    def table(self, case: Case, name: str) -> Trajectories:
        """Return what a further table has of the case's run.

        If the table tells estimators apart, of those only the case's.
        """
        there = self.tables.get(name, {})
        for estimator in (None, case.estimator):
            if (case.run, estimator) in there:
                return there[case.run, estimator]
        raise ClaimError(
            f"claim {case.claim}: there is no table of {name} of run {case.run!r}, "
            f"estimator {case.estimator!r}"
        )

    def model(self, case: Case, name: str) -> Mapping[str, np.ndarray]:
        """Return the columns of a model's table."""
        if name not in self.models:
            raise ClaimError(f"claim {case.claim}: there is no table of model {name!r}")
        return self.models[name]

    def beside(self, case: Case, name: str, column: str) -> np.ndarray:
        """Return what a further table has for each estimate of `planes`.

        Parameters
        ----------
        case : Case
        name : str
            The table, of the initialisations, epochs and layers of the information, or of more.
        column : str

        Returns
        -------
        measured : array of float, shape (inits, epochs, layers)

        Raises
        ------
        ClaimError
            If it lacks any of these.
        """
        found, other = self.planes(case), self.table(case, name)
        if not found.inits.size:
            return np.empty((0, found.epochs.size, found.layers.size))
        places = []
        for axis in ("inits", "epochs", "layers"):
            wanted, there = getattr(found, axis), getattr(other, axis)
            if missing := np.setdiff1d(wanted, there).tolist():
                raise ClaimError(
                    f"claim {case.claim}: {name} of run {case.run!r} lacks the {axis} {missing} of "
                    "the information"
                )
            places.append(np.searchsorted(there, wanted))
        return other.measured[column][np.ix_(*places)]

    def entropy(self, case: Case, name: str) -> float:
        """Return an entropy of the case's task in bits.

        Parameters
        ----------
        case : Case
        name : str
            One of `ENTROPIES`.
        """
        if name not in ENTROPIES:
            raise ClaimError(
                f"claim {case.claim}: entropy {name!r} is not one of: {', '.join(ENTROPIES)}"
            )
        bits = self.known.get(case.run, {}).get(ENTROPIES[name][0], math.nan)
        if not bits > 0:
            raise ClaimError(
                f"claim {case.claim}: {name} of the task of run {case.run!r} must be known and "
                f"positive, not {bits}"
            )
        return bits

    def training_fraction(self, case: Case) -> float:
        """Return the share of the patterns that the case's run is trained on."""
        fraction = self.known.get(case.run, {}).get("training_fraction")
        if fraction is None:
            raise ClaimError(f"claim {case.claim}: nobody says what run {case.run!r} is trained on")
        return fraction

    def training_patterns(self, case: Case) -> int:
        """Return how many patterns the case's run is trained on; its planes must be of all."""
        patterns = self.planes(case).measured.get("samples")
        if patterns is None or not patterns.size:
            raise ClaimError(f"claim {case.claim}: nobody says how many patterns {case.run!r} has")
        return round(self.training_fraction(case) * int(patterns.flat[0]))

    def steps_per_epoch(self, case: Case) -> int:
        """Return how many steps the case's run takes in an epoch, from its batch size."""
        known = self.known.get(case.run, {})
        if "batch_size" not in known:
            raise ClaimError(f"claim {case.claim}: nobody says what steps run {case.run!r} takes")
        samples = self.training_patterns(case)
        return -(-samples // (known["batch_size"] or samples))

    def _measured(self, case: Case, name: str, kind: str, value: str | None) -> Trajectories:
        there = self.tables.get(name, {})
        if (case.run, value) not in there:
            others = sorted(str(other) for run, other in there if run == case.run)
            raise ClaimError(
                f"claim {case.claim}: the table has no {kind} {value!r} of run {case.run!r}; "
                + (f"it has {', '.join(others)}" if others else "it has nothing of that run")
            )
        return there[case.run, value]
