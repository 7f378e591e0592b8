"""Trajectories: tidy tables as dense arrays over initialisations, epochs and layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

QUANTITIES = (
    "initial_input_bits",
    "peak_input_bits",
    "peak_epoch",
    "final_input_bits",
    "drop_bits",
    "rise_bits",
    "initial_label_bits",
    "peak_label_bits",
    "final_label_bits",
    "label_loss_bits",
)


class TableError(ValueError):
    """Report a table whose rows do not make whole trajectories."""


@dataclass(frozen=True)
class Trajectories:
    """Hold what was measured along training in the networks of one run that did not diverge.

    Attributes
    ----------
    name : str
        What this is, for messages.
    inits : array of int64, shape (inits,)
    epochs : array of int64, shape (epochs,)
        Increasing.
    layers : array of int64, shape (layers,)
        Increasing; the last is the output layer. Of a table without layers 0, the whole network.
    measured : dict of str to array of float, shape (inits, epochs, layers)
    diverged : tuple of int
        The initialisations left out because their status is not ``ok``.
    """

    name: str
    inits: np.ndarray
    epochs: np.ndarray
    layers: np.ndarray
    measured: dict[str, np.ndarray]
    diverged: tuple[int, ...]

    def complete(self, column: str) -> np.ndarray:
        """Return one measurement, an error if a network that did not diverge lacks it.

        Parameters
        ----------
        column : str

        Returns
        -------
        measured : array of float, shape (inits, epochs, layers)
        """
        measured = self.measured[column]
        missing = np.argwhere(np.isnan(measured))
        if missing.size:
            init, epoch, layer = missing[0]
            raise TableError(
                f"{self.name}: initialisation {self.inits[init]} did not diverge, yet has no "
                f"{column} at epoch {self.epochs[epoch]}, layer {self.layers[layer]}"
            )
        return measured


def trajectories(table: pd.DataFrame, columns: Sequence[str], name: str) -> Trajectories:
    """Arrange the rows of one run and one estimator, or one definition, as dense arrays.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``init, epoch, status``, perhaps ``layer``, and `columns`, rows in any order.
    columns : sequence of str
        Measurements to arrange.
    name : str
        What the table is, for messages.

    Returns
    -------
    Trajectories

    Raises
    ------
    TableError
        If a network that did not diverge lacks a (epoch, layer) that another has, or has one
        twice.
    """
    if "layer" not in table:
        table = table.assign(layer=0)
    everyone = table["init"].to_numpy()
    left_out = np.unique(everyone[(table["status"] != "ok").to_numpy()])
    kept = ~np.isin(everyone, left_out)
    if not kept.any():
        labels = [np.zeros(0, np.int64), *(np.unique(table[axis]) for axis in ("epoch", "layer"))]
        shape, places = tuple(axis.size for axis in labels), np.zeros(0, np.int64)
    else:
        axes = [table[axis].to_numpy()[kept] for axis in ("init", "epoch", "layer")]
        labels, positions = zip(
            *(np.unique(axis, return_inverse=True) for axis in axes), strict=True
        )
        shape = tuple(axis.size for axis in labels)
        places = np.ravel_multi_index(positions, shape)
    counts = np.bincount(places, minlength=int(np.prod(shape)))
    if (counts != 1).any():
        init, epoch, layer = np.unravel_index(np.flatnonzero(counts != 1)[0], shape)
        raise TableError(
            f"{name}: initialisation {labels[0][init]}, epoch {labels[1][epoch]}, layer "
            f"{labels[2][layer]} has {counts[counts != 1][0]} rows instead of 1"
        )
    measured = {}
    for column in columns:
        dense = np.empty(places.size)
        dense[places] = table[column].to_numpy()[kept]
        measured[column] = dense.reshape(shape)
    left_out = tuple(int(init) for init in left_out)
    return Trajectories(name, *labels, measured, left_out)


def arrange(
    table: pd.DataFrame, columns: Sequence[str], by: str | None = None
) -> dict[tuple[str, str | None], Trajectories]:
    """Arrange the rows of every run and every value of a text column, such as ``estimator``.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``run, init, epoch, status``, perhaps ``layer``, `by` and `columns`, rows in any
        order.
    columns : sequence of str
        Measurements to arrange.
    by : str, optional
        Without it a run's rows are taken together.

    Returns
    -------
    found : dict of (str, str or None) to Trajectories
        By run and value, sorted.

    Raises
    ------
    TableError
        See `trajectories`.
    """
    groups = table.groupby(["run", by] if by else ["run"], observed=True, sort=True, dropna=False)
    found = {}
    for names, rows in groups:
        run, *value = map(str, names)
        found[run, value[0] if value else None] = trajectories(
            rows, columns, ", ".join([run, *value])
        )
    return found


def summarise(found: Trajectories) -> dict[str, np.ndarray]:
    """Return the statistics of every trajectory of mutual information.

    Parameters
    ----------
    found : Trajectories
        Which measured ``mi_input_bits`` and ``mi_label_bits``.

    Returns
    -------
    statistics : dict of str to array of float64, shape (inits, layers)
        ``peak_epoch`` is the first epoch with the largest I(X;T), ``drop_bits`` the largest
        I(X;T) minus the final one, ``rise_bits`` the largest minus that at the first epoch,
        ``label_loss_bits`` the largest I(T;Y) minus the final one. NaN where an estimator does
        not give the quantity.
    """
    inputs, labels = found.measured["mi_input_bits"], found.measured["mi_label_bits"]
    if not found.inits.size:
        return {name: np.empty((0, found.layers.size)) for name in QUANTITIES}
    peak, label_peak = inputs.max(axis=1), labels.max(axis=1)
    known = ~np.isnan(peak)
    peak_epoch = np.where(known, found.epochs[inputs.argmax(axis=1)], np.nan)
    columns = (
        inputs[:, 0],
        peak,
        peak_epoch,
        inputs[:, -1],
        peak - inputs[:, -1],
        peak - inputs[:, 0],
        labels[:, 0],
        label_peak,
        labels[:, -1],
        label_peak - labels[:, -1],
    )
    return dict(zip(QUANTITIES, columns, strict=True))


def trajectory_statistics(table: pd.DataFrame) -> pd.DataFrame:
    """Return the statistics of every trajectory of an information table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``run, init, epoch, layer, estimator, mi_input_bits, mi_label_bits, status``.

    Returns
    -------
    pandas.DataFrame
        One row per run, estimator, initialisation that did not diverge, and layer, with the
        columns `QUANTITIES`, in bits and epochs; see `summarise`.
    """
    parts = []
    planes = arrange(table, ("mi_input_bits", "mi_label_bits"), "estimator")
    for (run, estimator), found in planes.items():
        inits, layers = np.meshgrid(found.inits, found.layers, indexing="ij")
        keys = {"run": run, "estimator": estimator, "init": inits.ravel(), "layer": layers.ravel()}
        statistics = {name: values.ravel() for name, values in summarise(found).items()}
        parts.append(pd.DataFrame(keys | statistics))
    return pd.concat(parts, ignore_index=True)


def layer_name(layer: int, layers: int) -> str:
    """Return how the papers call a layer: T1, T2 ... and OUT for the last of `layers`."""
    return "OUT" if layer == layers else f"T{layer}"
