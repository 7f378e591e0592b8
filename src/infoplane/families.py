"""Families: kinds of things that the configuration names, a module for each member.

A member is a module of its family's package and a class in it whose `name` is the module's. It is
imported when it is asked for, so that none pays for another's libraries; a new member is a new
module and nothing else.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules


class Family:
    """Give the members of a package by name.

    Parameters
    ----------
    package : str
        Such as ``"infoplane.tasks"``. Modules that begin with an underscore, and those in
        `shared`, are no members.
    word : str
        What a member is called in messages.
    shared : iterable of str
        Modules of the package that several members use.
    """

    def __init__(self, package: str, word: str, shared: Iterable[str] = ("base",)):
        self.package, self.word = package, word
        self._shared = frozenset(shared)
        self._found: dict[str, tuple[type, Mapping[str, inspect.Parameter]]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the names of all members, sorted; none is imported for that."""
        modules = {found.name for found in iter_modules(import_module(self.package).__path__)}
        members = (name for name in modules - self._shared if not name.startswith("_"))
        return tuple(sorted(members))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def module(self, name: str) -> str:
        """Return the full name of a member's module."""
        if name not in self:
            near = difflib.get_close_matches(str(name), self.names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"no {self.word} {name!r}{hint}; there are: {', '.join(self.names)}")
        return f"{self.package}.{name}"

    def member(self, name: str) -> type:
        """Return the class behind a name.

        Parameters
        ----------
        name : str

        Returns
        -------
        type

        Raises
        ------
        ValueError
            If there is no such member.
        """
        return self._member(name)[0]

    def parameters(self, name: str) -> tuple[str, ...]:
        """Return the names of a member's parameters."""
        return tuple(self._member(name)[1])

    def _member(self, name: str) -> tuple[type, Mapping[str, inspect.Parameter]]:
        """Return a member and what it takes; it is looked for once."""
        if name not in self._found:
            module = import_module(self.module(name))
            for kind in vars(module).values():
                if isinstance(kind, type) and vars(kind).get("name") == name:
                    self._found[name] = kind, inspect.signature(kind).parameters
                    break
            else:
                raise TypeError(f"{module.__name__} has no class with name = {name!r}")
        return self._found[name]

    def make(self, name: str, **parameters):
        """Make a member with its parameters.

        Parameters
        ----------
        name : str
        **parameters
            The member's own; it refuses others.

        Returns
        -------
        object
            A small frozen object.

        Raises
        ------
        ValueError
            If there is no such member, or it has no such parameter, lacks one, or a value is not
            allowed.
        """
        kind, takes = self._member(name)
        unknown = sorted(set(parameters) - set(takes))
        if unknown:
            raise ValueError(
                f"{self.word} {name!r} has no parameter {unknown[0]!r}; it has: "
                f"{', '.join(takes) or 'none'}"
            )
        missing = [
            key
            for key, parameter in takes.items()
            if parameter.default is inspect.Parameter.empty and key not in parameters
        ]
        if missing:
            raise ValueError(f"{self.word} {name!r} lacks {', '.join(missing)}")
        return kind(**parameters)
