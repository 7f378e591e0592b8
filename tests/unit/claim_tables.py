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
BETWEEN = 9
"""Snapshots between two corners of a path, so that a corner does not pass for noise."""


def finer(values):
    """Return paths with straight lines between their corners, along axis 1."""
    corners = values.shape[1] - 1
    places = np.linspace(0, corners, corners * (BETWEEN + 1) + 1)
    before = np.minimum(places.astype(int), corners - 1)
    share = (places - before).reshape(-1, *[1] * (values.ndim - 2))
    return values[:, before] * (1 - share) + values[:, before + 1] * share


def finer_epochs(epochs):
    return finer(np.asarray(epochs, float)[None])[0]


def information(run, estimator, inputs, labels=None, epochs=EPOCHS, diverged=()):
    """Lay out paths, arrays of shape (inits, corners, layers), as a tidy table."""
    inputs = np.asarray(inputs, float)
    if labels is not None:
        labels = finer(np.asarray(labels, float))
    return tidy(run, estimator, finer(inputs), labels, finer_epochs(epochs), diverged)


def tidy(run, estimator, inputs, labels=None, epochs=EPOCHS, diverged=()):
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
    table = tidy(run, "", snr, epochs=epochs)
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


def claim(name, reading=None, **changes):
    """Read a claim of the study with some keys changed, such as what it is judged on.

    Of a claim with readings take one, by default the first.
    """
    return read_claim(name, one_reading(name, reading) | changes)


def one_reading(name, reading=None):
    """Return the entry of a claim of the study, read in one way only."""
    entry = dict(CLAIMS[name])
    if readings := entry.pop("readings", None):
        own = dict(readings[reading or next(iter(readings))])
        entry["threshold"] = own.pop("threshold")
        entry["parameters"] = entry.get("parameters", {}) | own
    return entry


def on(runs, estimators=("e",), **more):
    return [{"runs": list(runs), "estimators": list(estimators), **more}]
