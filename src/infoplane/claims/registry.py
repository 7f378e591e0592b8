"""The register of claim statistics: small functions that the configuration names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from infoplane.claims.evidence import Case, ClaimError, Evidence, Finding


@dataclass(frozen=True)
class ClaimStatistic:
    """Hold a registered function and what a claim must name for it.

    Attributes
    ----------
    name : str
    function : callable
        Takes the evidence, the case and the claim's parameters as keywords.
    needs : tuple of str
        ``estimator``, ``definition`` or both.
    paired : bool
        Whether it compares a run with a reference run.
    other_estimators : tuple of str
        Parameters that name further estimators of the same runs.
    table : str or None
        The further table that it needs of the runs under their estimator.
    """

    name: str
    function: Callable[..., Finding]
    needs: tuple[str, ...]
    paired: bool
    other_estimators: tuple[str, ...] = ()
    table: str | None = None
    of_planes: bool = True

    def __call__(self, evidence: Evidence, case: Case, parameters: dict) -> Finding:
        """Return the finding in one case."""
        return self.function(evidence, case, **parameters)

    def check_parameters(self, claim: str, parameters: dict) -> None:
        """Refuse parameters that the function does not take, or lacks."""
        takes = {
            name: parameter.default is inspect.Parameter.empty
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        unknown = sorted(set(parameters) - set(takes))
        missing = sorted(
            name for name, needed in takes.items() if needed and name not in parameters
        )
        if unknown or missing:
            raise ClaimError(
                f"claim {claim}: statistic {self.name} takes the parameters {sorted(takes)}; "
                f"unknown {unknown}, missing {missing}"
            )


STATISTICS: dict[str, ClaimStatistic] = {}


def claim_statistic(
    *,
    needs: tuple[str, ...],
    paired: bool = False,
    other_estimators: tuple[str, ...] = (),
    table: str | None = None,
    of_planes: bool = True,
):
    """Register a function under its own name, for ``statistic:`` in the configuration.

    Parameters
    ----------
    needs : tuple of str
        What else a row of its claims names: ``estimator``, ``definition`` or both.
    paired : bool
        Whether a claim names pairs of ``run`` and ``reference`` instead of runs.
    other_estimators : tuple of str
        Parameters that name further estimators, which the runs must have as well.
    table : str, optional
        The further table that it needs, such as ``clustering``.
    of_planes : bool
        Whether it needs its estimator's information planes, or that table alone.
    """

    def register(function):
        if function.__name__ in STATISTICS:
            raise ValueError(f"claim statistic {function.__name__} is registered twice")
        STATISTICS[function.__name__] = ClaimStatistic(
            function.__name__, function, needs, paired, other_estimators, table, of_planes
        )
        return function

    return register
