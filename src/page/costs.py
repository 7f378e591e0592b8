"""What it costs to make a figure or a claim again, from the benchmarks of this very run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

# The jobs that make a table of the whole study, by its name.
OF_STUDY = {
    "claims": ("judge_claims", "collect_verdicts"),
    "activations": ("compare_activations",),
    "optimizers": ("compare_optimizers",),
    "ablations": ("compare_ablations",),
    "robustness": ("compare_estimators",),
    "transitions": ("compare_gradients",),
    "audit": ("audit_estimators", "merge_audit"),
    "audit_drops": ("audit_drops", "merge_drops"),
}
# The jobs that make what stands in a folder of its own.
OF_FOLDER = {
    "models": "solve_models",
    "data": "generate_data",
    "drops": "audit_drops",
    "claims": "judge_claims",
}


class Costs:
    """Know how long each job of a run took.

    Parameters
    ----------
    folder : pathlib.Path
        The run's benchmarks, ``{rule}/.../{wildcard}.tsv``; what is not there is not known.
    trained_by : mapping of str to str
        Runs whose networks another one trains, each with that run.
    """

    def __init__(self, folder: Path, trained_by: Mapping[str, str]):
        self._seconds, self._jobs, self._trained_by = {}, {}, trained_by
        for path in sorted(folder.rglob("*.tsv")):
            names = path.relative_to(folder).with_suffix("").parts
            seconds = _seconds(path)
            if seconds is not None:
                self._seconds[names] = seconds
                for place in range(len(names)):
                    for key in (names[place : place + 1], names[place : place + 2]):
                        self._jobs.setdefault(key, set()).add(names)

    def of(self, product: tuple[str, ...], files: Iterable[str]) -> float | None:
        """Return the seconds of all jobs behind a product, run one after another.

        Parameters
        ----------
        product : tuple of str
            The rule that makes it, and its wildcard if it has one.
        files : iterable of path
            Tables and tasks that it needs, as their paths end.

        Returns
        -------
        float or None
            None where the time of a job is not known.
        """
        jobs = set(self._jobs.get(product, ()))
        known = bool(jobs)
        for file in files:
            own = self._behind(Path(file))
            known &= bool(own)
            jobs |= own
        return sum(self._seconds[job] for job in jobs) if known else None

    def _behind(self, file: Path) -> set[tuple[str, ...]]:
        """Return the jobs that make a table, its run's training included."""
        run = file.parent.name
        if file.suffix == ".tsv" and file.stem in OF_STUDY:
            rules = OF_STUDY[file.stem]
            return set().union(*(self._jobs.get((rule,), set()) for rule in rules))
        if run in OF_FOLDER:
            return self._jobs.get((OF_FOLDER[run], file.stem), set())
        measured = self._jobs.get((run, file.stem), set())
        return measured | self._training(run) if measured else set()

    def _training(self, run: str) -> set[tuple[str, ...]]:
        """Return the jobs that train a run's networks, or share those of another."""
        trained = ("train_networks", self._trained_by.get(run, run))
        return self._jobs.get(trained, set()) | self._jobs.get(("share_training", run), set())


def _seconds(path: Path) -> float | None:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        return float(row["s"])
    except (OSError, ValueError, KeyError):
        return None


def told(seconds: float | None) -> str:
    """Say a time in the unit that one would use, or that nobody knows it."""
    if seconds is None:
        return "not measured"
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
