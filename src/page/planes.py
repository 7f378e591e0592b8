"""The information planes by run and estimator, and the learning curves beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from page.packing import short_float, thousandths

SNAPSHOTS, SAMPLED = 100, 5
QUANTILES = (0.05, 0.95)
AXES = ("mi_input_bits", "mi_label_bits")
CURVES = ("train_accuracy", "test_accuracy", "train_loss", "test_loss")
OF_GRADIENTS = ("run", "init", "epoch", "layer", "definition", "snr", "status")
COLUMNS = ("run", "init", "epoch", "layer", "estimator", *AXES, "ceiling_bits", "status")


def thinned(epochs: np.ndarray) -> np.ndarray:
    """Choose among sorted epochs, evenly by their place, the first and the last included."""
    places = np.linspace(0, len(epochs) - 1, min(SNAPSHOTS, len(epochs)))
    return epochs[np.unique(places.round().astype(int))]


def plane(frame: pd.DataFrame) -> dict:
    """Summarise the information of one run under one estimator.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `COLUMNS`, in bits; diverged networks are counted and left out.

    Returns
    -------
    plane : dict
        ``networks``, ``diverged``, ``ceiling`` (bits), ``epochs``, ``layers``; ``mean``, ``low``
        and ``high`` over networks (the last two at `QUANTILES`), each I(X;T) and I(T;Y) by layer
        and epoch in thousandths of a bit; ``sample``, the same of `SAMPLED` networks.
    """
    status = frame.groupby("init")["status"].first()
    kept = frame[frame["status"] == "ok"]
    ceiling = float(frame["ceiling_bits"].max())
    told = {
        "networks": int((status == "ok").sum()),
        "diverged": int((status != "ok").sum()),
        "ceiling": ceiling if np.isfinite(ceiling) else None,
    }
    epochs = thinned(np.unique(kept["epoch"]))
    kept = kept[kept["epoch"].isin(epochs)]
    layers, inits = np.unique(kept["layer"]), np.unique(kept["init"])
    values = np.full((len(inits), len(AXES), len(layers), len(epochs)), np.nan)
    places = [
        np.searchsorted(known, kept[name])
        for name, known in (("init", inits), ("layer", layers), ("epoch", epochs))
    ]
    for number, axis in enumerate(AXES):
        values[places[0], number, places[1], places[2]] = kept[axis]
    told |= {"epochs": epochs.tolist(), "layers": layers.tolist(), "sample": []}
    if not len(inits):
        return told | {name: [[], []] for name in ("mean", "low", "high")}
    low, high = np.quantile(values, QUANTILES, axis=0)
    summary = {"mean": values.mean(axis=0), "low": low, "high": high}
    chosen = {"sample": values[:SAMPLED]}
    return told | {name: thousandths(part) for name, part in (summary | chosen).items()}


def course(frame: pd.DataFrame) -> dict:
    """Summarise the learning curves of one run.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``init, epoch, status`` and `CURVES`; diverged networks are left out.

    Returns
    -------
    course : dict
        ``epochs``, and each of `CURVES` as its mean over networks, in thousandths.
    """
    means = frame[frame["status"] == "ok"].groupby("epoch")[list(CURVES)].mean()
    means = means.loc[thinned(means.index.to_numpy())]
    curves = {name: thousandths(means[name].to_numpy()) for name in CURVES}
    return {"epochs": means.index.tolist(), **curves}


def signal(frame: pd.DataFrame) -> dict:
    """Summarise the gradients' signal-to-noise ratio of one run.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `OF_GRADIENTS`; diverged networks are left out.

    Returns
    -------
    signal : dict
        ``epochs``, ``layers``, and ``snr``: by definition its median over networks, by layer and
        epoch, with three digits; None where it does not exist.
    """
    kept = frame[frame["status"] == "ok"]
    epochs = thinned(np.unique(kept["epoch"]))
    kept = kept[kept["epoch"].isin(epochs)]
    layers = np.unique(kept["layer"])
    medians = kept.groupby(["definition", "layer", "epoch"], observed=True)["snr"].median()
    return {
        "epochs": epochs.tolist(),
        "layers": layers.tolist(),
        "snr": {
            str(definition): [
                [short_float(value) for value in of_layer.reindex(epochs, level="epoch")]
                for _, of_layer in own.groupby(level="layer")
            ]
            for definition, own in medians.groupby(level="definition", observed=True)
        },
    }
