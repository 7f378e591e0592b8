"""The study as planned: which runs and measurements there are, and which files a product needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from infoplane.claims.entries import MODELS as OF_MODELS
from infoplane.claims.entries import Claim, Need, read_claim
from infoplane.tasks import TASKS, make_task_rule
from pipeline.configuration import TRAINING, Run, resolve_measurement, resolve_run
from pipeline.drawings import drawing_constant

# Tables of text that belong to the whole study.
STUDY_TABLES = {
    "activations": "tables/activations.tsv",
    "optimizers": "tables/optimizers.tsv",
    "ablations": "tables/ablations.tsv",
    "robustness": "tables/robustness.tsv",
    "transitions": "tables/transitions.tsv",
    "audit": "tables/audit.tsv",
    "audit_drops": "tables/audit_drops.tsv",
    "verdicts": "claims.tsv",
}


RESCALED = "rescaled"


class PlanError(ValueError):
    """Report a product that asks for what the study does not measure."""


class Study:
    """Know what a checked configuration makes, and of which files.

    Parameters
    ----------
    config : mapping

    Attributes
    ----------
    runs : dict of str to Run
    trained_by : dict of str to str
        Runs whose networks an earlier run trains, each with that run.
    measurements : dict of str to Measurement
    """

    def __init__(self, config: Mapping):
        self.config = config
        self.runs = {name: resolve_run(config, name) for name in config["runs"]}
        self.trained_by = trained_by(self.runs)
        self.measurements = {
            name: resolve_measurement(config, name, self.runs) for name in config["measurements"]
        }
        self._claims: dict[str, Claim] = {}

    def claim(self, name: str) -> Claim:
        """Return a claim as the configuration states it; it is read once."""
        if name not in self._claims:
            self._claims[name] = read_claim(name, self.config["claims"][name])
        return self._claims[name]

    def measured_by(self, stage: str) -> list[str]:
        """Return the names of the measurements that a stage makes."""
        return [name for name, one in self.measurements.items() if one.measure.stage == stage]

    def tables(self) -> list[str]:
        """Return the names of the tidy tables of the study."""
        return ["metrics", *dict.fromkeys(one.measure.table for one in self.measurements.values())]

    def products(self, table: str) -> list[tuple[str, str]]:
        """Return the run and the measurement of every part of a tidy table."""
        if table == "metrics":
            return [(run, TRAINING) for run in self.runs]
        return [
            (run, name)
            for name, one in self.measurements.items()
            if one.measure.table == table
            for run in one.runs
        ]

    def chunks(self, run: str, measurement: str) -> list[str]:
        """Name the chunks of a run that hold the networks of a measurement."""
        if measurement == TRAINING:
            return self.runs[run].chunks()
        return self.runs[run].chunks(self.measurements[measurement].initialisations)

    def networks(self, run: str, measurement: str) -> int:
        """Count the networks of a run that a measurement is about."""
        trained = self.runs[run].initialisations
        return min(self.measurements[measurement].initialisations or trained, trained)

    def estimators(self, run: str, table: str = "information") -> dict[str, str]:
        """Return the estimators that a table has of a run, each with its measurement."""
        return {
            estimator: name
            for name, one in self.measurements.items()
            if one.measure.table == table and run in one.runs
            for estimator in one.measure.estimators()
        }

    def giving(self, table: str, run: str, estimator: str | None = None) -> str:
        """Return the measurement that gives a table of a run.

        Parameters
        ----------
        table, run : str
        estimator : str, optional
            What must be among its estimators, where it has any.

        Returns
        -------
        measurement : str

        Raises
        ------
        PlanError
            If there is none, or more than one.
        """
        if run not in self.runs:
            raise PlanError(f"run {run!r} is not in the study; it has: {', '.join(self.runs)}")
        there = [name for of_run, name in self.products(table) if of_run == run]
        named = self.estimators(run, table)
        if estimator is not None and named:
            if estimator not in named:
                raise PlanError(
                    f"run {run!r} has no {table} by {estimator!r}; it has: {', '.join(named)}"
                )
            return named[estimator]
        if len(there) != 1:
            what = f"has no {table}" if not there else f"has {table} from {', '.join(there)}"
            raise PlanError(f"run {run!r} {what}")
        return there[0]

    def table_of(self, table: str, run: str, estimator: str | None = None) -> str:
        """Name the file of a table of one run under the measurement with an estimator."""
        return f"<results>/tables/{table}/{run}/{self.giving(table, run, estimator)}.parquet"

    def table_of_model(self, model: str) -> str:
        """Name the file of what a model with exact information gives."""
        return f"<results>/tables/models/{model}.parquet"

    def data_of_model(self, model: str) -> list[str]:
        """Name the file of the task that a model is about, if it is about one."""
        task = self.config["models"][model].get("task")
        return [f"<results>/data/{task}.npz"] if task else []

    def _file_of(self, need: Need) -> str:
        if need.table == OF_MODELS:
            return self.table_of_model(need.run)
        return self.table_of(need.table, need.run, need.estimator)

    def images_of(self, task: str) -> list[str]:
        """Name the file of the public image set that a task is made of, if it is made of one."""
        rule = self.config["tasks"][task]["rule"]
        return [f"<results>/images/{rule}.npz"] if TASKS.member(rule).of_images else []

    def data_of(self, runs: Iterable[str]) -> list[str]:
        """Name the task's file of each run."""
        return [f"<results>/data/{self.runs[run].task}.npz" for run in runs]

    def tables_of_figure(self, figure: str) -> dict[str, list[str]]:
        """Name the files that a figure is drawn from, by table, and its runs' tasks."""
        entry = self.config["figures"][figure]
        runs = entry.get("runs", {})
        needed = {}
        for table in drawing_constant(entry["drawing"], "TABLES"):
            if table == OF_MODELS:
                needed[table] = [self.table_of_model(model) for model in entry[table].values()]
                continue
            if table == "claim_details":
                needed[table] = [f"<results>/claims/{entry['claim']}.json"]
                continue
            if table in STUDY_TABLES:
                needed[table] = [f"<results>/{STUDY_TABLES[table]}"]
                continue
            needed[table] = unique(
                self.table_of(table, run, chosen)
                for label, run in runs.items()
                for chosen in _chosen(entry, table, label)
            )
        return {**needed, "data": self.data_of(runs.values())} if runs else needed

    def figures_of_images(self) -> list[str]:
        """Return the figures whose runs are all about images: inputs with height and width."""
        figures = self.config["figures"].items()
        return [name for name, one in figures if self._of_images(one.get("runs", {}).values())]

    def claims_of_images(self) -> list[str]:
        """Return the claims that are judged on runs about images alone."""
        return [name for name in self.config["claims"] if self._of_images(self.runs_of_claim(name))]

    def _of_images(self, runs: Iterable[str]) -> bool:
        tasks = {self.runs[run].task for run in runs}
        shapes = [make_task_rule(**self.config["tasks"][task]).input_shape for task in tasks]
        return bool(shapes) and all(len(shape) > 1 for shape in shapes)

    def planes_of_page(self) -> dict[str, list[str]]:
        """Return the runs whose planes the page shows, each with its estimators.

        They are the runs that figures show on planes or by epoch, under every estimator that one
        of those figures names, where it is measured.
        """
        shown = [
            entry
            for entry in self.config["figures"].values()
            if "information" in drawing_constant(entry["drawing"], "TABLES")
        ]
        runs = unique(run for entry in shown for run in entry.get("runs", {}).values())
        chosen = [entry["estimator"] for entry in shown if "estimator" in entry]
        named = {
            name for one in chosen for name in (one.values() if isinstance(one, dict) else [one])
        }
        return {run: [name for name in self.estimators(run) if name in named] for run in runs}

    def tables_of_page(self) -> dict[str, list[str]]:
        """Name the files of information, learning curves and gradients that the page shows."""
        planes = self.planes_of_page()
        information = unique(
            self.table_of("information", run, estimator)
            for run, estimators in planes.items()
            for estimator in estimators
        )
        metrics = [self.table_of("metrics", run) for run in planes]
        measured = [run for run, _ in self.products("gradients")]
        gradients = [self.table_of("gradients", run) for run in planes if run in measured]
        return {"information": information, "metrics": metrics, "gradients": gradients}

    def files_behind(self, needed: Mapping[str, list[str]]) -> list[str]:
        """Name the files behind a product, those behind tables of comparisons included."""
        behind = {
            "activations": lambda: self.information_of("activations"),
            "optimizers": lambda: self.information_of("optimizers"),
            "ablations": lambda: self.information_of("ablations"),
            "robustness": lambda: [
                *self.information_of("estimators"),
                *self.information_of("estimators", "rescaled"),
            ],
            "transitions": lambda: [
                self.table_of("gradients", run)
                for run in self.config["comparisons"]["gradients"]["runs"]
            ],
            "verdicts": lambda: self._behind_claims(self.config["claims"]),
            "claim_details": lambda: self._behind_claims(
                PurePath(path).stem for path in needed["claim_details"]
            ),
        }
        further = [file for table in needed if table in behind for file in behind[table]()]
        return unique([*(file for files in needed.values() for file in files), *further])

    def _behind_claims(self, claims: Iterable[str]) -> list[str]:
        return [
            file
            for claim in claims
            for files in self.tables_of_claim(claim).values()
            for file in files
        ]

    def tables_of_claim(self, claim: str) -> dict[str, list[str]]:
        """Name the files that a claim is judged from, by table, its runs' tasks and the audit.

        What a layer's distinct rows hold is among them where it is known, and what estimates say
        of its layers in other units.
        """
        needs = self.claim(claim).needs
        finest = self.config["resolution"]["finest"]
        seen = [need.run for need in needs if need.table == "information"]
        floors = [(run, finest) for run in unique(seen) if finest in self.estimators(run)]
        needed: dict[str, list[str]] = {}
        for need in needs:
            needed.setdefault(need.table, []).append(self._file_of(need))
        for run, estimator in floors:
            needed["information"].append(self.table_of("information", run, estimator))
        for need in needs:
            if need.table == "information" and need.estimator in self.estimators(
                need.run, RESCALED
            ):
                file = self.table_of(RESCALED, need.run, need.estimator)
                needed.setdefault(RESCALED, []).append(file)
        needed = {table: unique(files) for table, files in needed.items()}
        audited = {name for names in self.audited_as.values() for name in names}
        if any(need.estimator in audited for need in needs):
            needed["audit"] = [f"<results>/{STUDY_TABLES['audit']}"]
            named = self.config["estimators"]
            methods = [named[need.estimator]["method"] for need in needs if need.estimator in named]
            needed["audit_drops"] = [f"<results>/audit/drops/{m}.tsv" for m in unique(methods)]
        return needed | {"data": self.data_of(self.runs_of_claim(claim))}

    def runs_of_claim(self, claim: str) -> list[str]:
        """Return the runs that a claim is judged on, each once."""
        return unique(need.run for need in self.claim(claim).needs if need.table != OF_MODELS)

    def information_of(self, comparison: str, table: str = "information") -> list[str]:
        """Name the tables of information that a comparison reads, or those of another kind."""
        entry = self.config["comparisons"][comparison]
        wanted = [
            (run, estimator)
            for run in entry["runs"]
            for estimator in self.compared_estimators(comparison)
            if estimator in self.estimators(run, table)
        ]
        for pair in (pair for pair in entry.get("pairs", []) if "estimator" in pair):
            wanted += [(pair["run"], pair["estimator"])]
        return unique(self.table_of(table, run, estimator) for run, estimator in wanted)

    def compared_estimators(self, comparison: str) -> list[str]:
        """Return the estimators that a comparison names, by default all that measure its runs."""
        entry = self.config["comparisons"][comparison]
        there = unique(name for run in entry["runs"] for name in self.estimators(run))
        order = [name for one in self.measurements.values() for name in one.measure.estimators()]
        return entry.get("estimators") or [name for name in order if name in there]

    def parameters_of_estimators(self, comparison: str) -> dict[str, dict]:
        """Return the method and the parameters of the estimators that a comparison reads."""
        known = self._known_estimators(whole=False)
        return {name: known[name] for name in self.compared_estimators(comparison)}

    def parameters_of(self, estimator: str) -> dict:
        """Return the method and the parameters of an estimator, or of what measures by its name."""
        return self._known_estimators(whole=True)[estimator]

    def _known_estimators(self, whole: bool) -> dict[str, dict]:
        """Return the method of every estimator that measures, with its parameters.

        Of an estimator that a measurement is itself, the parameters are the measure's if `whole`.
        """
        known = {}
        for one in self.measurements.values():
            measure = dict(one.parameters)
            named = measure.pop("estimators", None)
            own = {"method": measure.pop("measure"), **(measure if whole else {})}
            known |= named or dict.fromkeys(one.measure.estimators(), own)
        return known

    def methods(self) -> list[str]:
        """Return the methods of the estimators, each once."""
        return unique(entry["method"] for entry in self.config["estimators"].values())

    def estimators_of(self, method: str) -> dict[str, dict]:
        """Return the estimators of a method by name, with their parameters."""
        named = self.config["estimators"].items()
        return {name: dict(entry) for name, entry in named if entry["method"] == method}

    @property
    def audited_as(self) -> dict[str, list[str]]:
        """Return the estimators of the study that each audited one stands for."""
        return self.config["audit"]["audited_as"]


def trained_by(runs: Mapping[str, Run]) -> dict[str, str]:
    """Return the runs whose networks an earlier run trains, each with that run."""
    trained: dict[tuple, str] = {}
    by = {name: trained.setdefault(run.training, name) for name, run in runs.items()}
    return {name: earlier for name, earlier in by.items() if name != earlier}


def _chosen(entry: Mapping, table: str, label: str) -> list[str | None]:
    """Return by what a figure's table of the run behind a label must be measured."""
    if table in ("information", "rescaled") and "estimators" in entry:
        return list(entry["estimators"].values())
    chosen = entry.get("estimator" if table == "information" else table)
    return [chosen.get(label) if isinstance(chosen, dict) else chosen]


def unique(names: Iterable[str]) -> list[str]:
    """Return names in their order, each once."""
    return list(dict.fromkeys(names))
