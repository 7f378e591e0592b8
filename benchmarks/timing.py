"""Clocks shared by the benchmarks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Seconds:
    """Hold what a call took.

    Attributes
    ----------
    processor : float
        Processor time of this process; waiting for other jobs does not add to it.
    wall : float
        Time on the clock.
    """

    processor: float
    wall: float


def timed(call: Callable[[], object]) -> Seconds:
    """Call and return what it took."""
    processor, wall = time.process_time(), time.perf_counter()
    call()
    return Seconds(time.process_time() - processor, time.perf_counter() - wall)


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[Seconds]]:
    """Time all calls in every round, so that a slow spell of the machine hits all alike."""
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(timed(call))
    return times


def medians(times: dict[str, list[Seconds]]) -> dict[str, dict[str, float]]:
    """Return the median seconds of each call, by clock."""
    return {
        name: {
            clock: statistics.median(getattr(seconds, clock) for seconds in rounds)
            for clock in ("processor", "wall")
        }
        for name, rounds in times.items()
    }


def median_ratio(over: list[Seconds], under: list[Seconds]) -> float:
    """Return the median over rounds of the ratio of two calls' processor times."""
    return statistics.median(a.processor / b.processor for a, b in zip(over, under, strict=True))
