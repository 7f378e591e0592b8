"""The register of claim statistics: small functions that the configuration names.

They stand in the modules of `infoplane.claims.statistics`, which are imported when a statistic is
asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from numbers import Integral, Real
from pkgutil import iter_modules

from infoplane.checks import require_positive
from infoplane.claims.evidence import Case, ClaimError, Evidence
from infoplane.claims.findings import Finding

PACKAGE = "infoplane.claims.statistics"
# Of parameters whose annotation is one of these, any other type is refused.
KINDS = {"str": str, "float": Real, "int": Integral}


class ParameterError(ClaimError):
    """A claim's parameter has another type or value than its statistic takes.

    Parameters
    ----------
    message : str
    parameter : str
        Its key.
    """

    def __init__(self, message: str, parameter: str):
        super().__init__(message)
        self.parameter = parameter


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
    unit : str or callable
        What an effect is told in, in a word; from a claim's parameters, where they decide.
    paired : bool
        Whether it compares a run with a reference run.
    other_estimators : tuple of str
        Parameters that name further estimators of the same runs.
    tables : tuple of str
        The further tables that it needs of the runs under their estimator.
    of_planes : bool
        Whether it needs its estimators' information planes, or those tables alone.
    of_models : bool
        Whether it is about models with exact information instead of runs.
    other_models : tuple of str
        Parameters that name a model to hold the runs against.
    pools : bool
        Whether a claim may also name pools, runs that are taken together.
    positive : tuple of str
        Parameters that must be finite and above 0.
    """

    name: str
    function: Callable[..., Finding]
    needs: tuple[str, ...]
    unit: str | Callable[[Mapping], str]
    paired: bool
    other_estimators: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    of_planes: bool = True
    of_models: bool = False
    other_models: tuple[str, ...] = ()
    pools: bool = False
    positive: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Return the name of the module that the function stands in."""
        return self.function.__module__

    def __call__(self, evidence: Evidence, case: Case, parameters: dict) -> Finding:
        """Return the finding in one case."""
        return self.function(evidence, case, **parameters)

    def unit_of(self, parameters: Mapping) -> str:
        """Return the unit of the effects that it finds with these parameters."""
        return self.unit(parameters) if callable(self.unit) else self.unit

    def check_parameters(self, claim: str, parameters: dict) -> None:
        """Refuse parameters that the function does not take, or lacks, or of another type."""
        known = {
            name: parameter
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        takes = {name: one.default is inspect.Parameter.empty for name, one in known.items()}
        for name in sorted(set(parameters) & set(known)):
            kind, value = KINDS.get(known[name].annotation), parameters[name]
            if kind and (not isinstance(value, kind) or isinstance(value, bool)):
                raise ParameterError(
                    f"claim {claim}: parameter {name} must be {known[name].annotation}, "
                    f"not {value!r}",
                    name,
                )
            if name in self.positive:
                try:
                    require_positive(f"parameter {name}", value)
                except ValueError as error:
                    raise ParameterError(f"claim {claim}: {error}", name) from error
        unknown = sorted(set(parameters) - set(takes))
        missing = sorted(
            name for name, needed in takes.items() if needed and name not in parameters
        )
        if unknown or missing:
            raise ClaimError(
                f"claim {claim}: statistic {self.name} takes the parameters {sorted(takes)}; "
                f"unknown {unknown}, missing {missing}"
            )


class Register(Mapping[str, ClaimStatistic]):
    """Give the registered statistics by name, those of all modules of `PACKAGE` among them."""

    def __init__(self):
        self._found: dict[str, ClaimStatistic] = {}

    def add(self, statistic: ClaimStatistic) -> None:
        """Register a statistic, once."""
        if statistic.name in self._found:
            raise ValueError(f"claim statistic {statistic.name} is registered twice")
        self._found[statistic.name] = statistic

    def __getitem__(self, name: str) -> ClaimStatistic:
        _import_statistics()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        _import_statistics()
        return iter(sorted(self._found))

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def _import_statistics() -> None:
    for found in iter_modules(import_module(PACKAGE).__path__):
        import_module(f"{PACKAGE}.{found.name}")


STATISTICS = Register()


def claim_statistic(
    *,
    needs: tuple[str, ...],
    unit: str | Callable[[Mapping], str],
    paired: bool = False,
    other_estimators: tuple[str, ...] = (),
    table: str | None = None,
    also: tuple[str, ...] = (),
    of_planes: bool = True,
    of_models: bool = False,
    other_models: tuple[str, ...] = (),
    pools: bool = False,
    positive: tuple[str, ...] = (),
):
    """Register a function under its own name, for ``statistic:`` in the configuration.

    Parameters
    ----------
    needs : tuple of str
        What else a row of its claims names: ``estimator``, ``definition`` or both.
    unit : str or callable
        What an effect is told in, in a word such as ``bits``; a function of the claim's parameters
        where these decide.
    paired : bool
        Whether a claim names pairs of ``run`` and ``reference`` instead of runs.
    other_estimators : tuple of str
        Parameters that name further estimators, which the runs must have as well.
    table : str, optional
        The further table that it needs, such as ``clustering``.
    also : tuple of str
        More of them.
    of_planes : bool
        Whether it needs its estimators' information planes, or that table alone.
    of_models : bool
        Whether its claims name models with exact information instead of runs.
    other_models : tuple of str
        Parameters that name a model.
    pools : bool
        Whether a claim may also name ``pools``, lists of runs that are taken together.
    positive : tuple of str
        Parameters that must be finite and above 0.
    """

    def register(function):
        STATISTICS.add(
            ClaimStatistic(
                function.__name__,
                function,
                needs,
                unit,
                paired,
                other_estimators,
                (*((table,) if table else ()), *also),
                of_planes,
                of_models,
                other_models,
                pools,
                positive,
            )
        )
        return function

    return register
