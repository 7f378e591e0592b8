"""Measures: rows of a tidy table from trained networks or their activations.

To add one, write a module of this package with a frozen dataclass derived from `Measure`: its
`name` is the module's, `table` the table that its rows go to, its fields are the measure's
parameters in the configuration, `__post_init__` refuses values that are not allowed, `refusal` says
which networks it does not apply to, and `measure` returns the columns for one network. Then
``measurements: {mine: {measure: <name>, <parameters>, runs: [...]}}`` measures with it.

>>> measure = make_measure("clustering", label="clustering")
>>> columns = measure.measure(trained)
"""

from __future__ import annotations

from infoplane.families import Family
from infoplane.measures.base import Measure

__all__ = ["MEASURES", "Measure", "make_measure"]

MEASURES = Family("infoplane.measures", "measure")


def make_measure(name: str, *, label: str, **parameters) -> Measure:
    """Make the measure of a given name.

    Parameters
    ----------
    name : str
        Such as ``"clustering"``; see `MEASURES.names`.
    label : str
        The measurement's name, which its rows bear where they name an estimator.
    **parameters
        The measure's own; it refuses others.

    Returns
    -------
    Measure
        A frozen object.

    Raises
    ------
    ValueError
        If there is no such measure, it has no such parameter, lacks one, or a value is not allowed.
    """
    return MEASURES.make(name, label=label, **parameters)
