"""Measure how often the intervals of means hold the truth, on distributions like the study's.

python -m benchmarks.coverage [results]

Prints a Markdown table for docs/method.md. Without finished results the rows of the study's own
drops are left out. Beside ours stand percentile intervals of the same resamples.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from infoplane.statistics import Resampling

COUNTS = (5, 10, 20, 50)
SAMPLES = 2000
RESAMPLING = Resampling(2000)
MADE_UP: dict[str, tuple[Callable, float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
    "log-normal, sigma 1.5": (lambda rng, size: rng.lognormal(0, 1.5, size=size), np.exp(1.125)),
}
OF_STUDY = {"C01": "szt_tanh", "C10": "saxe_relu"}
"""Claims whose values of single networks are drawn from, and the condition."""


def coverage(draw: Callable, truth: float, count: int) -> tuple[float, float]:
    """Return the share of percentile intervals and of ours that hold the truth.

    Parameters
    ----------
    draw : callable
        Takes a generator and a shape.
    truth : float
        The mean of what is drawn.
    count : int
        Initialisations.
    """
    sampled = draw(np.random.default_rng(count), (count, SAMPLES))
    held = np.zeros((SAMPLES, 2))
    for place, column in enumerate(RESAMPLING.means(sampled).T):
        ours = RESAMPLING.interval(column)
        low, high = np.quantile(column[1 : 1 + RESAMPLING.resamples], (0.025, 0.975))
        held[place] = low <= truth <= high, ours.low <= truth <= ours.high
    return tuple(held.mean(axis=0))


def of_study(results: Path) -> Iterator[tuple[str, Callable, float]]:
    """Yield the study's own distributions of drops: single networks, drawn with replacement."""
    path = results / "claims.json"
    if not path.exists():
        return
    rows = json.loads(path.read_text(encoding="utf-8"))
    for claim, condition in OF_STUDY.items():
        told = (row for row in rows if (row["claim"], row["condition"]) == (claim, condition))
        row = next(row for row in told if row["estimator"] != "all")
        values = np.array(row["details"]["values"]).max(axis=1)
        name = f"drops of {condition} ({claim}, `{row['estimator']}`)"
        yield name, lambda rng, size, values=values: rng.choice(values, size), values.mean()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"))
    found = [(name, *of) for name, of in MADE_UP.items()]
    found += of_study(parser.parse_args().results)
    print("| values | " + " | ".join(f"{count} networks" for count in COUNTS) + " |")
    print("|---" * (1 + len(COUNTS)) + "|")
    for name, draw, truth in found:
        pairs = (coverage(draw, truth, count) for count in COUNTS)
        cells = (f"{100 * ours:.0f} % ({100 * old:.0f} %)" for old, ours in pairs)
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\nIn brackets the percentile interval of the same resamples.")


if __name__ == "__main__":
    main()
