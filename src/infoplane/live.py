"""The information plane of a PyTorch module while it trains: one more line in a training loop.

>>> from infoplane import LivePlane
>>> plane = LivePlane(inputs, labels, make_estimator("kde", noise_variance=0.1))
>>> plane.log(epoch, module)  # in the loop
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import torch

from infoplane.checks import require_whole
from infoplane.estimators.base import Estimator
from infoplane.plane import check_measurement, measure_layers
from infoplane.reading import Reading

COLUMNS = ("epoch", "layer", "mi_input_bits", "mi_label_bits", "ceiling_bits")
MARKERS = "osD^vPX*<>"


class LivePlane:
    """Collect the information in a module's layers epoch by epoch.

    A log draws no random number and changes nothing in the module, so that training with it
    gives the same weights as without. Of a log five columns a layer are kept, neither the module
    nor its activations.

    Parameters
    ----------
    inputs, labels, estimator, layers, batch_size, reading
        As in `infoplane.plane.information_plane`; inputs and labels are kept by reference, or as
        the samples drawn from them.

    Raises
    ------
    TypeError, ValueError
        As `information_plane` does, at once where no module is needed to tell.
    """

    def __init__(
        self,
        inputs: torch.Tensor | np.ndarray,
        labels: torch.Tensor | np.ndarray,
        estimator: Estimator,
        layers: Iterable[str] | None = None,
        batch_size: int = 1024,
        reading: Reading | None = None,
    ):
        require_whole("batch_size", batch_size, at_least=1)
        checked = check_measurement(inputs, labels, estimator, layers, reading)
        self._measurement = *checked, batch_size
        self._rows: list[tuple] = []
        self._layers: list[str] = []

    def log(self, epoch: int, module: torch.nn.Module) -> pd.DataFrame:
        """Measure the layers as they are now.

        Parameters
        ----------
        epoch : int
            From 0 on, later than the last one logged. Steps do as well, if they are meant
            throughout.
        module : torch.nn.Module
            With the same layers each time.

        Returns
        -------
        pandas.DataFrame
            The rows of this epoch; see `table`.

        Raises
        ------
        TypeError, ValueError
            If the epoch is none, is not later than the last, or the module has other layers than
            before; else as `information_plane` does. What is refused leaves no rows.
        """
        require_whole("epoch", epoch, at_least=0)
        if self._rows and epoch <= (last := self._rows[-1][0]):
            raise ValueError(f"epoch {epoch} is not after {last}, which was logged last")
        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"module must be a torch.nn.Module, not {type(module).__name__}")
        graphics = {part.device for part in module.parameters() if part.device.type == "cuda"}
        # A layer or an estimator that draws would move the draws of the training.
        with torch.random.fork_rng(devices=graphics):
            rows = measure_layers(module, *self._measurement)
        rows.insert(0, "epoch", int(epoch))
        layers = list(rows["layer"])
        if self._rows and layers != self._layers:
            raise ValueError(
                f"the module's layers are {', '.join(layers)}, those logged before "
                f"{', '.join(self._layers)}; another module needs a plane of its own"
            )
        self._layers = layers
        self._rows += rows.itertuples(index=False, name=None)
        return rows

    @property
    def table(self) -> pd.DataFrame:
        """Everything logged, a row per epoch and layer.

        Columns ``epoch, layer, mi_input_bits, mi_label_bits, ceiling_bits``; in bits, layers in
        the order of the forward pass.
        """
        return pd.DataFrame(self._rows, columns=list(COLUMNS))

    def draw(self, axes: Any = None) -> Any:
        """Draw each layer's way through the information plane, coloured by epoch.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            By default those of a new figure, which ``.figure.savefig(file)`` writes.

        Returns
        -------
        axes : matplotlib.axes.Axes

        Raises
        ------
        ModuleNotFoundError
            If Matplotlib, which comes with the extra ``workflow`` only, is not installed.
        ValueError
            If nothing is logged, or the estimator gives only one of the two informations.
        """
        table = self.table
        if table.empty:
            raise ValueError("nothing is logged, so there is no plane to draw")
        for column in ("mi_input_bits", "mi_label_bits"):
            if table[column].isna().all():
                raise ValueError(f"the estimator gives no {column}, so there is no plane to draw")
        figures, colors = _drawing("matplotlib.figure"), _drawing("matplotlib.colors")
        if axes is None:
            axes = figures.Figure(figsize=(6, 4), layout="constrained").subplots()
        # Most happens early: logarithmic beyond epoch 1.
        norm = colors.SymLogNorm(1, vmin=0, vmax=max(1, table["epoch"].max()), base=10)
        layers = table.groupby("layer", sort=False)
        for (layer, path), marker in zip(layers, cycle(MARKERS), strict=False):
            across, up = path["mi_input_bits"], path["mi_label_bits"]
            axes.plot(across, up, color="0.8", linewidth=0.8, zorder=1)
            points = axes.scatter(
                *(across, up, 28),
                c=path["epoch"],
                norm=norm,
                marker=marker,
                edgecolors="0.25",
                linewidths=0.4,
                label=str(layer),
            )
        axes.set(xlabel="I(X;T) in bits", ylabel="I(T;Y) in bits")
        axes.figure.colorbar(points, ax=axes, label="epoch")
        legend = axes.legend(title="layer", frameon=False)
        for handle in legend.legend_handles:
            handle.set(facecolor="white", edgecolor="0.25", array=None)
        return axes


def _drawing(module: str):
    """Import a module of Matplotlib, which the library does without until a plane is drawn."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        message = "drawing a plane needs Matplotlib: pip install matplotlib"
        raise ModuleNotFoundError(message, name=error.name) from error
