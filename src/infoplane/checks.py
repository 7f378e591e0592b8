"""Refusals of parameters, each naming the parameter, its value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real


def require_whole(name: str, value: int, at_least: int) -> None:
    """Refuse anything but a whole number of at least a given size."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, not {value!r}")


def require_finite(name: str, value: float) -> None:
    """Refuse anything but a finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")


def require_positive(name: str, value: float) -> None:
    """Refuse anything but a finite number above 0."""
    require_finite(name, value)
    if value <= 0:
        raise ValueError(f"{name} must be above 0, not {value!r}")


def require_not_negative(name: str, value: float) -> None:
    """Refuse anything but a finite number of at least 0."""
    require_finite(name, value)
    if value < 0:
        raise ValueError(f"{name} must be at least 0, not {value!r}")


def require_choice(name: str, value: str, allowed: Sequence) -> None:
    """Refuse a value that is not among those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}")
