"""Small tables of a made-up study, for the stages that compare and judge."""

import math

import numpy as np

from infoplane.tasks.base import Task
from pipeline.files import save_table, save_task
from tests import support

EPOCHS = np.array([0, 1, 10, 100, 1000])
PATHS = {
    "tanh": np.array([4.0, 6.0, 9.0, 7.0, 5.0]),
    "tanh_full_batch": np.array([4.0, 6.0, 9.0, 7.0, 5.2]),
    "relu": np.array([4.0, 6.0, 7.0, 8.0, 9.0]),
}
# By measurement.
ESTIMATORS_OF = {"bins": ("first", "second"), "kernel": ("third",)}
ESTIMATORS = ("first", "second", "third")
INITS, LAYERS = 8, 4
DIVERGED = ("relu", 3)
UNITS = (10, 5, 3, 2)

AUDIT = """family\tdimension\tsamples\testimator\tquantity\tbias_bits\tspread_bits\trefused
half_dead_layer\t3\t4096\tright\tinput\t0.05\t0.01\t
half_dead_layer\t3\t4096\twrong\tinput\t-2.0\t0.01\t
"""


def save_study(folder):
    """Write a table for each run and measurement; network 3 of the ReLU run diverges.

    Half of the labels of the task are 1.
    """
    generator = np.random.default_rng(0)
    for run, path in PATHS.items():
        # Every network's own factor, for each estimator.
        scales = {name: generator.uniform(0.9, 1.1, size=INITS) for name in ESTIMATORS}
        for measurement, names in ESTIMATORS_OF.items():
            parts = [plane(run, name, path, scales[name]) for name in names]
            table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            save(folder, "information", run, measurement, table)
        rows = axes(run)
        snr = np.where(rows["epoch"] < 100, 20.0, 0.5)
        table = rows | {"definition": ["saxe_sample"] * snr.size, "snr": snr, "mean_norm": snr}
        save(folder, "gradients", run, "gradients", table)
    (folder / "audit.tsv").write_text(AUDIT)
    save_task(folder / "task.npz", Task(np.arange(8.0)[:, None], np.arange(8) % 2, None))


def axes(run, epochs=EPOCHS):
    """Return what every table of a run has in common, a row for each network, epoch and layer."""
    init, epoch, layer = np.indices((INITS, epochs.size, LAYERS)).reshape(3, -1)
    lost = (init == DIVERGED[1]) & (run == DIVERGED[0])
    kept = ~(lost & (epochs[epoch] >= 100))
    rows = {"init": init, "epoch": epochs[epoch], "layer": layer + 1}
    rows["status"] = np.where(lost, "diverged", "ok")
    return {"run": np.full(kept.sum(), run)} | {name: them[kept] for name, them in rows.items()}


def plane(run, estimator, path, scales):
    """Return a run's information: layer 1 at its ceiling, each network along a scaled path."""
    rows = axes(run)
    bits = scales[rows["init"]] * path[np.searchsorted(EPOCHS, rows["epoch"])]
    bits = np.where(rows["layer"] == 1, 12.0, bits)
    return rows | {
        "estimator": np.full(bits.size, estimator),
        "samples": np.full(bits.size, 4096),
        "mi_input_bits": bits,
        "mi_label_bits": np.full(bits.size, 0.95),
        "ceiling_bits": np.full(bits.size, math.log2(4096)),
    }


def save(folder, table, run, measurement, columns):
    """Write the table of one run and measurement."""
    path = folder / table / run / f"{measurement}.parquet"
    save_table(path, columns)
    return path


def paths_of(folder, table, runs=PATHS):
    """Return the files that a table has of some runs."""
    return [str(path) for run in runs for path in sorted((folder / table / run).glob("*"))]


def stand_in(folder, tables, outputs, **params):
    """Return what Snakemake would give a stage that reads whole tables, all in one folder."""
    return support.stand_in(
        input={table: paths_of(folder, table) for table in tables},
        output={name: str(folder / file) for name, file in outputs.items()},
        params=params,
    )
