"""Tables of models that pay for information, by the price."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError, Evidence


class OverBetas:
    """Arrange the table of a model by initialisation and beta.

    Parameters
    ----------
    evidence : Evidence
    case : Case
    column : str
        Which the model must have.

    Attributes
    ----------
    inits : array of int
        Of which no network diverged.
    betas : array of float
        Increasing.
    diverged : tuple of int
    """

    def __init__(self, evidence: Evidence, case: Case, column: str):
        self._case, self._table = case, evidence.model(case, case.run)
        if column not in self._table:
            raise ClaimError(f"claim {case.claim}: model {case.run!r} has no {column}")
        lost = np.unique(self._table["init"][self._table["status"] != "ok"])
        self.diverged = tuple(lost.tolist())
        self.inits = np.setdiff1d(self._table["init"], lost)
        self.betas = np.unique(self._table["beta"])
        if len(self.betas) < 2:
            raise ClaimError(f"claim {case.claim}: model {case.run!r} has a single beta")

    def measured(self, column: str, rows: np.ndarray | bool = True) -> np.ndarray:
        """Return a column, of some rows where others are of other networks: (inits, betas)."""
        rows = rows & np.isin(self._table["init"], self.inits)
        dense = np.full((len(self.inits), len(self.betas)), np.nan)
        places = np.searchsorted(self.inits, self._table["init"][rows])
        dense[places, np.searchsorted(self.betas, self._table["beta"][rows])] = self._table[column][
            rows
        ]
        return dense
