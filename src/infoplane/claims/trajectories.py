"""Trajectories: tidy tables as dense arrays over initialisations, epochs and layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.special

QUANTITIES = (
    "initial_input_bits",
    "peak_input_bits",
    "peak_epoch",
    "final_input_bits",
    "drop_bits",
    "net_drop_bits",
    "lost_share",
    "fall_from_start_bits",
    "rise_bits",
    "net_rise_bits",
    "gained_share",
    "initial_label_bits",
    "peak_label_bits",
    "final_label_bits",
    "label_loss_bits",
)


MEDIAN_OF_NORMAL = 0.6745
"""The median absolute value of a standard normal variable."""

COMPETING = 4.0
"""Snapshots within so many deviations of the largest could have been the largest."""


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
        I(X;T) minus the final one, ``net_drop_bits`` the same without what the choice of the
        largest adds (see `unselected_peak`), ``lost_share`` this over the peak,
        ``fall_from_start_bits`` the first I(X;T) minus the final one, ``rise_bits`` the largest
        minus that at the first epoch, ``net_rise_bits`` and ``gained_share`` its counterparts,
        ``label_loss_bits`` the largest I(T;Y) minus the final one. NaN where an estimator does
        not give the quantity.
    """
    inputs, labels = found.measured["mi_input_bits"], found.measured["mi_label_bits"]
    if not found.inits.size:
        return {name: np.empty((0, found.layers.size)) for name in QUANTITIES}
    peak, label_peak = inputs.max(axis=1), labels.max(axis=1)
    known = ~np.isnan(peak)
    peak_epoch = np.where(known, found.epochs[inputs.argmax(axis=1)], np.nan)
    unselected = unselected_peak(inputs)
    net_drop = unselected - inputs[:, -1]
    net_rise = unselected - inputs[:, 0]
    columns = (
        inputs[:, 0],
        peak,
        peak_epoch,
        inputs[:, -1],
        peak - inputs[:, -1],
        net_drop,
        _share(net_drop, unselected),
        inputs[:, 0] - inputs[:, -1],
        peak - inputs[:, 0],
        net_rise,
        _share(net_rise, unselected),
        labels[:, 0],
        label_peak,
        labels[:, -1],
        label_peak - labels[:, -1],
    )
    return dict(zip(QUANTITIES, columns, strict=True))


def _share(bits: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Return bits as a share of peaks; a layer that holds nothing has nothing to lose."""
    share = np.divide(bits, peaks, np.zeros_like(bits), where=peaks > 0)
    return np.where(np.isnan(bits), np.nan, share)


def noise_alone(found: Trajectories) -> Trajectories:
    """Return trajectories of I(X;T) that have the noise of these, and no course.

    Parameters
    ----------
    found : Trajectories

    Returns
    -------
    Trajectories
        Every snapshot's deviation from the mean of its neighbours, scaled so that white noise
        keeps its variance; the ends take their neighbours'. I(T;Y) stays.
    """
    inputs = found.measured["mi_input_bits"]
    noise = np.zeros_like(inputs)
    if inputs.shape[1] > 2:
        noise[:, 1:-1] = _noise(inputs)
        noise[:, 0], noise[:, -1] = noise[:, 1], noise[:, -2]
    return replace(found, measured=found.measured | {"mi_input_bits": noise})


def unselected_peak(inputs: np.ndarray) -> np.ndarray:
    """Return the peak of every trajectory without what the choice of the largest value adds.

    The largest of many noisy values is too large, the more so the more there are. What noise adds
    is its deviation times the expected largest of as many normal values as there are snapshots
    that compete for the peak; of a sharp peak there is one, and nothing is added.

    Parameters
    ----------
    inputs : array of float, shape (inits, epochs, layers)

    Returns
    -------
    peaks : array of float64, shape (inits, layers)
        In the unit of the trajectories. Of white noise the mean peak is that of the noise,
        whatever the number of snapshots; noise that lasts for several snapshots passes for a
        course.

    References
    ----------
    Blom (1958), "Statistical estimates and transformed beta variables": the expected largest of k
    normal values is close to the normal quantile of (k - 3/8) / (k + 1/4).
    """
    peaks = inputs.max(axis=1)
    if inputs.shape[1] < 3:
        return peaks
    deviations = np.median(np.abs(_noise(inputs)), axis=1) / MEDIAN_OF_NORMAL
    competing = (inputs >= (peaks - COMPETING * deviations)[:, None]).sum(axis=1)
    return peaks - deviations * scipy.special.ndtri((competing - 3 / 8) / (competing + 1 / 4))


def _noise(inputs: np.ndarray) -> np.ndarray:
    """Return every inner snapshot's deviation from the mean of its neighbours.

    Scaled so that white noise keeps its variance (von Neumann 1941, "Distribution of the ratio of
    the mean square successive difference to the variance").
    """
    return (inputs[:, 1:-1] - (inputs[:, :-2] + inputs[:, 2:]) / 2) * np.sqrt(2 / 3)


def layer_name(layer: int, layers: int) -> str:
    """Return how the papers call a layer: T1, T2 ... and OUT for the last of `layers`."""
    return "OUT" if layer == layers else f"T{layer}"
