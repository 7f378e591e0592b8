"""The one place that compiles numerical kernels.

Numba's cache looks at the file that a kernel stands in and at the variables that it closes over,
not at the kernels and constants that the file imports, although they are compiled into the machine
code. So every kernel closes over a digest of all the package's files that its own depends on:
after an edit of any of them it is compiled anew.

Numba numbers its cache files and keeps an index of them. Processes that compile at the same time
can give one number to two kernels, and later load the wrong one without a word. So here every
kernel has a file of its own, named by what it is.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
from collections.abc import Callable
from functools import cache
from types import CellType, FunctionType

import numba
from numba.core.caching import IndexDataCacheFile
from numba.np import linalg


def _load_array_functions() -> None:
    """Load numba's array functions without importing scipy.linalg, half of their start-up.

    Numba imports it only to see that it is there, and again where a kernel calls it.
    """
    look, linalg.ensure_blas = linalg.ensure_blas, lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


_load_array_functions()


def compiled(**options) -> Callable:
    """Return a decorator that compiles a kernel and keeps the machine code for later runs.

    Parameters
    ----------
    **options
        Options of `numba.njit`, such as ``fastmath``.

    Returns
    -------
    decorator : callable
        Must stand below the imports of the kernel's file.

    Notes
    -----
    Where no cache folder can be written the kernel is compiled afresh in every process.
    """

    def decorate(function: Callable) -> Callable:
        keyed = _close_over(function, source_digest(function.__module__))
        try:
            kernel = numba.njit(cache=True, **options)(keyed)
        except RuntimeError:  # numba found no folder to write to
            return numba.njit(**options)(keyed)
        kernel._cache._cache_file.__class__ = OneFilePerKernel
        return kernel

    return decorate


class OneFilePerKernel(IndexDataCacheFile):
    """Keep each compiled kernel in a file named by its signature, processor and sources."""

    def save(self, key, data) -> None:
        """Write a kernel; processes that compile the same one write the same file."""
        self._save_data(self._name(key), data)

    def load(self, key):
        """Return a kernel, or None if it was never compiled."""
        try:
            return self._load_data(self._name(key))
        except OSError:
            return None

    def _name(self, key) -> str:
        digest = hashlib.sha256(repr((self._version, key)).encode()).hexdigest()
        return self._data_name_pattern.format(number=0).replace(".0.nbc", f".{digest[:24]}.nbc")


def source_digest(module: str) -> str:
    """Return a digest of a module's source and of those that it imports from its package.

    Parameters
    ----------
    module : str
        Full name of a module that is loaded, or that is past its imports.

    Returns
    -------
    digest : str
        SHA-256 of names and sources, those of imported modules' imports included; the same
        wherever the package stands.
    """
    package = module.partition(".")[0]
    sources, found = {}, [module]
    while found:
        name = found.pop()
        if name not in sources and name.partition(".")[0] == package:
            sources[name] = sys.modules[name].__loader__.get_source(name)
            found += [
                part if part in sys.modules else whole for whole, part in _imports(sources[name])
            ]
    return hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()


@cache
def _imports(source: str) -> list[tuple[str, str]]:
    """Return the module of each top-level import, and what is a module if its part is one."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found += [(alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def _close_over(function: Callable, value: str) -> Callable:
    """Return the same function with one more variable that it closes over and never reads."""
    code = function.__code__
    code = code.replace(co_freevars=(*code.co_freevars, "source_digest"))
    cells = (*(function.__closure__ or ()), CellType(value))
    keyed = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, cells
    )
    for attribute in ("__doc__", "__module__", "__qualname__"):
        setattr(keyed, attribute, getattr(function, attribute))
    return keyed
