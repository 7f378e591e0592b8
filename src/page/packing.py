"""Make data small enough to stand in a page that is one file."""

from __future__ import annotations

import base64
import gzip
import json
import math

import numpy as np

THOUSANDTHS = 1000


def thousandths(values: np.ndarray) -> list:
    """Return numbers as whole thousandths, finer than any axis of the page can show.

    Parameters
    ----------
    values : array of float
        Of any shape.

    Returns
    -------
    list
        Of the same shape; None where a value is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim:
        return [thousandths(part) for part in values]
    return round(float(values) * THOUSANDTHS) if math.isfinite(values) else None


def short_float(value: float, digits: int = 3) -> float | None:
    """Return a number with as many digits as asked for, None if it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def packed(data) -> str:
    """Return plain data as compressed JSON in letters that HTML gives no meaning to.

    Parameters
    ----------
    data
        What JSON can hold; numbers that are not finite are an error.

    Returns
    -------
    str
        Base64 of gzip, the same for the same data.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return packed_text(text)


def packed_text(text: str) -> str:
    """Return text compressed, in letters that HTML gives no meaning to."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
