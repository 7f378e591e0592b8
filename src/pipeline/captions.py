"""What a figure's caption says of the estimators that the figure shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.drawings import drawing_constant
from pipeline.planning import Study, unique

# Keys of a figure that name estimators, or a measurement's own.
NAMING = ("estimator", "estimators", "dependence")
# Tables of a comparison that names the estimators it shows.
COMPARED = ("ablations",)


def methods_of_figure(study: Study, figure: str) -> dict[str, str]:
    """Say by which method and parameters each estimator of a figure measures.

    Parameters
    ----------
    study : Study
    figure : str

    Returns
    -------
    methods : dict of str to str
        By estimator, such as ``binned: bins 30, range -1 to 1``.
    """
    entry = study.config["figures"][figure]
    named = [name for key in NAMING if key in entry for name in _names(entry[key])]
    for table in set(COMPARED) & set(drawing_constant(entry["drawing"], "TABLES")):
        named += study.compared_estimators(table)
    return {name: told(study.parameters_of(name)) for name in unique(named)}


def _names(chosen: str | Mapping[str, str]) -> Iterable[str]:
    return [chosen] if isinstance(chosen, str) else chosen.values()


def told(parameters: Mapping) -> str:
    """Write a method and its parameters in words."""
    own = dict(parameters)
    method = _words(own.pop("method"))
    listed = ", ".join(f"{_words(key)} {_value(key, value)}" for key, value in own.items())
    return f"{method}: {listed}" if listed else method


def _value(key: str, value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return " and ".join(f"{_words(one)} {_value(one, own)}" for one, own in value.items())
    if isinstance(value, (list, tuple)):
        between = " to " if key == "range" else " and "
        return between.join(_value("", one) for one in value)
    return _words(str(value))


def _words(name: str) -> str:
    """Write a name in words: a trailing underscore would be a link in a caption."""
    return name.replace("_", " ")
