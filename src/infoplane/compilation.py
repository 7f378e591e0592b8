"""The one place that compiles numerical kernels."""

from __future__ import annotations

from collections.abc import Callable

import numba


def compiled(**options) -> Callable:
    """Return a decorator that compiles a kernel and keeps the machine code for later runs.

    Parameters
    ----------
    **options
        Options of `numba.njit`, such as ``fastmath``.

    Returns
    -------
    decorator : callable

    Notes
    -----
    Where no cache folder can be written the kernel is compiled afresh in every process. The
    cache knows only the file that a kernel stands in: a kernel that calls another file's
    kernel must take it as inlined code from a file that changes with it, or the cache must be
    emptied (``NUMBA_CACHE_DIR``).
    """

    def decorate(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder to write to
            return numba.njit(**options)(function)

    return decorate
