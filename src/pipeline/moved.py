"""Keys of earlier versions: each is refused with a message that names what it is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.places import Key

# By the place of a key, * being any name.
MOVED = {
    ("estimators", "*", "runs"): (
        "is a key of measurements now: name a measurement with `estimators: [{1}]` and its runs"
    ),
    ("estimators", "*", "initialisations"): "is a key of measurements now",
    ("estimators", "*", "snapshots"): "is a key of measurements now",
    ("estimators", "*", "together"): (
        "is gone: write each estimator by itself, and name them in one entry of measurements"
    ),
    ("estimators", "*", "vary"): "is gone: write an estimator for each value, such as {1}_8",
    ("comparisons", "robustness"): "is comparisons.estimators now",
    ("figures", "*", "ceiling_bits"): "is gone: it comes from the task",
    ("figures", "*", "label_bits"): "is gone: it comes from the task",
    ("claims", "*", "parameters", "relative_to_bits"): (
        "is `relative_to: label_entropy` now: the entropy comes from the task"
    ),
}
# Methods that are no estimators of a layer any more, and the measure that each is now.
METHODS = {
    "hsic": "dependence",
    "multi_network": "several_networks",
    "sample_propagation": "noisy_propagation",
}


def moved_mistakes(config: Mapping) -> Iterator[tuple[Key, str]]:
    """Find keys of earlier versions.

    Parameters
    ----------
    config : mapping
        Not checked yet.

    Yields
    ------
    key : tuple
    text : str
        What the key is now.
    """
    for pattern, text in MOVED.items():
        for key in _matching(config, pattern):
            yield key, text.format(*key)
    for name, entry in _entries(config.get("estimators")):
        method = entry.get("method") if isinstance(entry, Mapping) else None
        if isinstance(method, str) and method in METHODS:
            text = f"{method!r} is a measure now: `measure: {METHODS[method]}` in measurements"
            yield ("estimators", name, "method"), text
        if isinstance(entry, Mapping) and entry.get("bound") == "both":
            text = f"both is gone: write {name}_upper and {name}_lower; one measurement of both "
            yield ("estimators", name, "bound"), text + "still makes them in one pass"
    for name, entry in _entries(config.get("tasks")):
        if isinstance(entry, Mapping) and "degree_weights" in entry and "rule" not in entry:
            yield ("tasks", name), "lacks rule, which is `rule: icosahedron` for degree_weights"


def _entries(part) -> Iterator[tuple[str, object]]:
    yield from part.items() if isinstance(part, Mapping) else ()


def _matching(part, pattern: Key, above: Key = ()) -> Iterator[Key]:
    """Yield the keys that a pattern stands for."""
    if not pattern:
        yield above
        return
    first, *rest = pattern
    for name, below in _entries(part):
        if first in ("*", name):
            yield from _matching(below, tuple(rest), (*above, name))
