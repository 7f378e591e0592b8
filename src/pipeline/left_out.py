"""Entries that a file takes away with ``null``, and what falls with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

PARTS = ("tasks", "protocols", "estimators", "measurements", "models", "runs", "claims", "figures")


def leave_out(config: dict) -> list[tuple[str, str]]:
    """Take away entries that are null, in place, and runs, models and claims where they are named.

    What then names no run and no model any more falls too. Whatever else names an entry that is
    gone is left for the checks to refuse: nobody can know what it should name instead.

    Parameters
    ----------
    config : dict
        All files merged, not checked yet.

    Returns
    -------
    gone : list of (str, str)
        Part and name of each entry that was null.
    """
    gone = {}
    for part in PARTS:
        entries = config.get(part)
        if isinstance(entries, Mapping):
            gone[part] = {name for name, entry in entries.items() if entry is None}
            config[part] = {name: entry for name, entry in entries.items() if entry is not None}
    names = {key: gone[key] for key in ("runs", "models", "claims") if gone.get(key)}
    for part in ("measurements", "claims", "figures", "comparisons"):
        if names and isinstance(config.get(part), Mapping):
            kept = {name: _without(entry, names) for name, entry in config[part].items()}
            config[part] = {name: entry for name, entry in kept.items() if entry is not None}
            if fallen := {name for name, entry in kept.items() if entry is None}:
                names[part] = names.get(part, set()) | fallen
    return [(part, name) for part, entries in gone.items() for name in entries]


def _without(entry: object, names: Mapping[str, AbstractSet[str]]) -> object:
    """Return an entry without some names, or None if nothing is left of what it names."""
    if not isinstance(entry, Mapping):
        return entry
    kept = dict(entry)
    if isinstance(entry.get("judged_on"), list):
        groups = [_without(group, names) for group in entry["judged_on"]]
        kept["judged_on"] = [group for group in groups if group is not None]
        return kept if kept["judged_on"] else None
    runs, models = names.get("runs", set()), names.get("models", set())
    kinds = {"runs": runs, "pairs": runs, "pools": runs, "models": models}
    kinds |= {"conditions": runs | models, "claims": names.get("claims", set())}
    for key, away in kinds.items():
        if key in entry and (kept := _with(kept, key, away)) is None:
            return None
    if "except" in kept:
        # Where nothing is left to except, all runs are meant.
        left = [name for name in kept.pop("except") if name not in runs]
        kept |= {"except": left} if left else {}
    return _relabelled(entry, kept)


def _relabelled(entry: Mapping, kept: dict) -> dict:
    """Return what is left of an entry without what it says of labels that are gone."""
    if not isinstance(entry.get("runs"), Mapping):
        return kept
    gone = set(entry["runs"]) - set(kept["runs"])
    for key, value in kept.items():
        if isinstance(value, Mapping):
            kept[key] = {label: one for label, one in value.items() if label not in gone}
    return kept


def _with(entry: dict, key: str, away: AbstractSet[str]) -> dict | None:
    """Return an entry whose list or mapping of names has lost some, None if that empties it."""
    named = entry[key]
    if key == "conditions" and isinstance(named, Mapping):
        columns = {label: [one for one in own if one not in away] for label, own in named.items()}
        left = {label: own for label, own in columns.items() if own}
    elif isinstance(named, Mapping):
        left = {label: name for label, name in named.items() if name not in away}
    elif key == "pools" and isinstance(named, list):
        left = [[name for name in pool if name not in away] for pool in named]
        left = [pool for pool in left if pool]
    elif isinstance(named, list):
        left = [one for one in named if not away & set(_names(one))]
    else:
        return entry
    return {**entry, key: left} if left or not named else None


def _names(one: object) -> Iterable[str]:
    return one.values() if isinstance(one, Mapping) else [one]
