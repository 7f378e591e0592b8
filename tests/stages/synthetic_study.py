"""Small tables of a made-up study, for the stages that read merged tables."""

from types import SimpleNamespace

import numpy as np

from pipeline.files import save_table

EPOCHS = np.array([0, 1, 10, 100, 1000])
PATHS = {
    "tanh": np.array([4.0, 6.0, 9.0, 7.0, 5.0]),
    "tanh_full_batch": np.array([4.0, 6.0, 9.0, 7.0, 5.2]),
    "relu": np.array([4.0, 6.0, 7.0, 8.0, 9.0]),
}
ESTIMATORS = ("first", "second", "third")
INITS, LAYERS = 8, 4
DIVERGED = ("relu", 3)

AUDIT = """family\tdimension\tsamples\testimator\tquantity\tbias_bits\tspread_bits\trefused
half_dead_layer\t3\t4096\tright\tinput\t0.05\t0.01\t
half_dead_layer\t3\t4096\twrong\tinput\t-2.0\t0.01\t
"""


def save_study(folder):
    """Write information.parquet and gradients.parquet; network 3 of the ReLU run diverges."""
    rows = {name: [] for name in ("run", "init", "epoch", "layer", "estimator", "input", "status")}
    generator = np.random.default_rng(0)
    for run, path in PATHS.items():
        for estimator in ESTIMATORS:
            for init in range(INITS):
                lost = (run, init) == DIVERGED
                scale = generator.uniform(0.9, 1.1)
                for epoch, bits in zip(EPOCHS, path, strict=True):
                    if lost and epoch >= 100:
                        continue
                    for layer in range(1, LAYERS + 1):
                        rows["run"].append(run)
                        rows["init"].append(init)
                        rows["epoch"].append(int(epoch))
                        rows["layer"].append(layer)
                        rows["estimator"].append(estimator)
                        rows["input"].append(12.0 if layer == 1 else scale * bits)
                        rows["status"].append("diverged" if lost else "ok")
    inputs = np.array(rows.pop("input"))
    information = rows | {"mi_input_bits": inputs, "mi_label_bits": np.full(inputs.size, 0.95)}
    information["ceiling_bits"] = np.full(inputs.size, 12.0)
    save_table(folder / "information.parquet", information)
    (folder / "audit.tsv").write_text(AUDIT)
    gradients = {name: rows[name] for name in ("run", "init", "epoch", "layer", "status")}
    first = np.array(rows["estimator"]) == "first"
    gradients = {name: np.array(values)[first].tolist() for name, values in gradients.items()}
    snr = np.where(np.array(gradients["epoch"]) < 100, 20.0, 0.5)
    definition = ["saxe_sample"] * snr.size
    save_table(folder / "gradients.parquet", gradients | {"definition": definition, "snr": snr})


def stand_in(rule, folder, outputs, **params):
    """Return what Snakemake would give a stage, its files in one folder."""
    return SimpleNamespace(
        rule=rule,
        input=SimpleNamespace(
            information=str(folder / "information.parquet"),
            gradients=str(folder / "gradients.parquet"),
            clustering=[],
            ranges=[],
            multi_network=[],
            audit=str(folder / "audit.tsv"),
        ),
        output=SimpleNamespace(**{name: str(folder / file) for name, file in outputs.items()}),
        params=SimpleNamespace(**params),
        log=[str(folder / "log")],
        wildcards=SimpleNamespace(),
        threads=1,
    )
