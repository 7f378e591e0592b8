"""The measure behind a measurement of the configuration."""

from __future__ import annotations

from collections.abc import Mapping

from infoplane.measures import Measure, make_measure


def make_named_measure(name: str, parameters: Mapping) -> Measure:
    """Make a measurement's measure.

    Parameters
    ----------
    name : str
        The measurement's.
    parameters : mapping
        ``measure`` and its own parameters.
    """
    own = dict(parameters)
    return make_measure(own.pop("measure"), label=name, **own)
