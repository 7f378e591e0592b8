"""Made-up tables with known answers, and the study's claims to judge on them."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from infoplane.claims.entries import read_claim
from infoplane.claims.evidence import Evidence
from infoplane.claims.trajectories import arrange
from infoplane.statistics import Resampling

CLAIMS = {
    name: entry
    for path in (Path(__file__).parents[2] / "config/claims").glob("*.yaml")
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8"))["claims"].items()
}
EPOCHS = np.array([0, 1, 10, 100, 1000, 10000])


def information(run, estimator, inputs, labels=None, epochs=EPOCHS, diverged=()):
    """Lay out arrays of shape (inits, epochs, layers) as a tidy table."""
    inputs = np.asarray(inputs, float)
    labels = np.full(inputs.shape, 0.5) if labels is None else np.asarray(labels, float)
    init, epoch, layer = np.indices(inputs.shape)
    table = pd.DataFrame(
        {
            "run": run,
            "init": init.ravel(),
            "epoch": np.asarray(epochs)[epoch.ravel()],
            "layer": layer.ravel() + 1,
            "estimator": estimator,
            "mi_input_bits": inputs.ravel(),
            "mi_label_bits": labels.ravel(),
        }
    )
    return table.assign(status=np.where(table["init"].isin(diverged), "diverged", "ok"))


def gradients(run, definition, snr, epochs=EPOCHS):
    table = information(run, "", snr, epochs=epochs)
    return table.rename(columns={"mi_input_bits": "snr"}).assign(definition=definition)[
        ["run", "init", "epoch", "layer", "definition", "snr", "status"]
    ]


def evidence(*tables, snr=(), known=None, **others):
    """Arrange tables of information, of gradients, and further ones by their names."""
    found = {"information": arranged(pd.concat(tables), "estimator")}
    if snr:
        found["gradients"] = arranged(pd.concat(snr), "definition")
    for name, table in others.items():
        found[name] = arranged(table, "estimator" if "estimator" in table else None)
    return Evidence(found, Resampling(400), known or {})


def arranged(table, by):
    axes = ("run", "init", "epoch", "layer", "status", by)
    return arrange(table, [name for name in table if name not in axes], by)


def planes(inits, *layers, spread=0.05, seed=0):
    """Repeat one path of I(X;T) a layer over initialisations, shifted by noise."""
    paths = np.array(layers, float).T[None]
    shift = np.random.default_rng(seed).normal(scale=spread, size=(inits, 1, len(layers)))
    rising = np.linspace(0, 1, paths.shape[1])[None, :, None]
    return paths + shift * rising


FLAT = [12.0] * 6
RISE_AND_FALL = [4.0, 6.0, 9.0, 8.0, 6.0, 5.0]
RISE = [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]


def claim(name, **changes):
    """Read a claim of the study with some keys changed, such as what it is judged on."""
    return read_claim(name, CLAIMS[name] | changes)


def on(runs, estimators=("e",), **more):
    return [{"runs": list(runs), "estimators": list(estimators), **more}]
