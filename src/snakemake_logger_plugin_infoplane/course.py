"""What a run of the workflow has done, and how long the rest will take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Fewer finished jobs say nothing of this machine.
TELLING = 5
STAGE = re.compile(r"^\| `(\w+)` \| (\d+) \| ([\d.]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class RunningJob:
    """Hold a job that has started.

    Attributes
    ----------
    rule : str
    wildcards : str
        Their values, separated by spaces.
    logs : tuple of str
    started : float
        Seconds on some clock.
    """

    rule: str
    wildcards: str
    logs: tuple[str, ...]
    started: float

    def __str__(self) -> str:
        return f"{self.rule} {self.wildcards}".rstrip()


def read_costs(page: Path) -> dict[str, float]:
    """Return the seconds of a job of each stage in the published run.

    Parameters
    ----------
    page : path
        docs/costs.md; without it nothing is known.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError:
        return {}
    return {rule: 60 * float(minutes) / int(jobs) for rule, jobs, minutes in STAGE.findall(text)}


@dataclass
class Course:
    """Follow the jobs of a run.

    Parameters
    ----------
    costs : mapping
        Seconds of a job of each rule, on another machine or at another size; how much longer
        or shorter jobs take here is learnt from those that have ended.
    """

    costs: Mapping[str, float]
    cores: int = 1
    total: int = 0
    done: int = 0
    running: dict[int, RunningJob] = field(default_factory=dict)
    failed: dict[int, RunningJob] = field(default_factory=dict)
    _left: Counter = field(default_factory=Counter)
    _known: dict[int, RunningJob] = field(default_factory=dict)
    _observed: Counter = field(default_factory=Counter)
    _ended: Counter = field(default_factory=Counter)

    def plan(self, jobs: Mapping[str, int]) -> None:
        """Take the number of jobs of each rule."""
        self._left = Counter({rule: count for rule, count in jobs.items() if rule != "total"})
        self.total = sum(self._left.values())

    def start(self, number: int, job: RunningJob) -> None:
        """Take a job that starts, perhaps again."""
        self._known[number] = self.running[number] = job

    def fail(self, number: int) -> RunningJob | None:
        """Take a job that failed; return it, or None if it was told before."""
        job = self.running.pop(number, None)
        if job is None or number in self.failed:
            return None
        self.failed[number] = job
        return job

    def finish(self, number: int, now: float) -> None:
        """Take a job that ended well, though it may have failed before."""
        job = self._known.get(number)
        self.running.pop(number, None)
        self.failed.pop(number, None)
        self.done += 1
        if job is not None:
            self._left[job.rule] -= 1
            self._observed[job.rule] += now - job.started
            self._ended[job.rule] += 1

    def seconds_left(self) -> float | None:
        """Return how long the rest takes, or None while nobody can know."""
        if sum(self._ended.values()) < TELLING:
            return None
        told = [rule for rule in self._ended if rule in self.costs]
        expected = sum(self.costs[rule] * self._ended[rule] for rule in told)
        observed = sum(self._observed[rule] for rule in told)
        pace = observed / expected if expected > 0 else 1.0
        typical = sum(self._observed.values()) / sum(self._ended.values())
        left = 0.0
        for rule, count in self._left.items():
            if rule in self.costs:
                own = pace * self.costs[rule]
            elif self._ended[rule]:
                own = self._observed[rule] / self._ended[rule]
            else:
                own = typical
            left += count * own
        return left / self.cores


def in_words(seconds: float | None) -> str:
    """Say how long is left."""
    if seconds is None:
        return "time left unknown yet"
    if seconds < 60:
        return "less than a minute left"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min left" if hours else f"about {minutes} min left"


def last_lines(logs: tuple[str, ...], count: int = 1) -> list[str]:
    """Return the last lines that say something of what a job has written to its logs."""
    lines = []
    for log in logs:
        try:
            text = Path(log).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines += [line.rstrip() for line in text.splitlines() if line.strip()]
    return lines[-count:]
