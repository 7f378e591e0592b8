"""Information of layers in other units: what an estimate sees that the function does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_finite
from infoplane.estimators import make_estimator
from infoplane.estimators.base import check_samples
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.measures.layers import LayersMeasure, estimates_of, resolve_range
from infoplane.networks import Network
from infoplane.networks.dense import split_parameters

COLUMNS = (
    *("change", "scale", "estimator", "mi_input_bits", "mi_label_bits", "ceiling_bits"),
    "largest_output_change",
)
SCALED, PERMUTED = "scaled", "permuted"


@dataclass(frozen=True)
class RescaledMeasure(Measure):
    """Estimate every hidden layer's information again while the network computes the same.

    One layer at a time: its weights and biases are multiplied by c and the weights of the layer
    above divided by it, so that its activations are c times what they were and all other layers,
    the predictions among them, stay. Information in a layer does not depend on its units of
    measurement; what moves is the estimate's own. Also with the layer's units in reverse order.

    Parameters
    ----------
    label : str
    estimators : mapping of str to mapping
        As of `LayersMeasure`.
    scales : sequence of float
        The factors c, without unit, 1 among them. A network is measured at those that its
        activation function lets through (`passes_through`): ReLU every positive one, a linear
        network every one, tanh -1 alone, since any other would change what the network computes.

    Notes
    -----
    Bins on the range of the network, or of the layer, are laid on what that range is in the
    rescaled network had it been trained in these units: that of the layer over all of training
    times c, those of the other layers unchanged.

    References
    ----------
    Saxe et al. (2018), ICLR, appendix C: binning and noise are choices of a scale.
    """

    name: ClassVar[str] = "rescaled"
    table: ClassVar[str] = "rescaled"

    named: Mapping[str, Mapping]
    scales: tuple[float, ...]

    def __init__(
        self, label: str, estimators: Mapping[str, Mapping], scales: Sequence[float]
    ) -> None:
        object.__setattr__(self, "label", label)
        layers = LayersMeasure(label, estimators)
        if layers.reads() != ("activations",):
            raise ValueError("rescaled layers are measured by their activations, not net inputs")
        object.__setattr__(self, "named", layers.named)
        if isinstance(scales, str) or not isinstance(scales, Sequence) or len(scales) < 2:
            raise ValueError(f"scales must be at least two numbers, not {scales!r}")
        for scale in scales:
            require_finite("scales", scale)
        if 0 in scales or 1 not in scales or len(set(scales)) < len(scales):
            raise ValueError(
                f"scales must be different numbers without 0, 1 among them, not {list(scales)}"
            )
        object.__setattr__(self, "scales", tuple(float(scale) for scale in scales))

    def estimators(self) -> tuple[str, ...]:
        """Return the names of the estimators."""
        return tuple(self.named)

    def methods(self) -> tuple[str, ...]:
        """Return the methods of the estimators, each once."""
        return LayersMeasure(self.label, self.named).methods()

    def refusal(self, network: Network) -> str:
        """Say why such networks have no layers that can be rescaled, or be measured then."""
        if network.widths is None or not network.is_plain:
            return "only layers of fully connected units without rounding or noise can be rescaled"
        return LayersMeasure(self.label, self.named).refusal(network)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer, change`` (``scaled`` or ``permuted``), ``scale`` (the factor c),
            ``estimator, mi_input_bits, mi_label_bits, ceiling_bits``, in bits, and
            ``largest_output_change``, the largest that any class probability of any pattern
            moved, of rounding.

        Raises
        ------
        ValueError
            If an estimator refuses the activations; the message says where.
        """
        return columns_of(COLUMNS, self._rows(trained))

    def _rows(self, trained: TrainedNetwork) -> Iterator[tuple]:
        network = trained.network
        scales = [c for c in self.scales if passes_through(network.activation, c)]
        changes = [*((SCALED, c) for c in scales), (PERMUTED, 1.0)]
        lowest, highest = trained.extremes()
        for epoch, parameters in trained.snapshots():
            unchanged = trained.layers_of(parameters)[-1]
            for layer in range(1, network.layers):
                for change, scale in changes:
                    if change == SCALED:
                        other = rescale_layer(parameters, network.widths, layer, scale)
                    else:
                        other = reverse_layer(parameters, network.widths, layer)
                    layers = trained.layers_of(other)
                    moved = float(np.abs(layers[-1] - unchanged).max())
                    values = layers[layer - 1]
                    ranges = rescaled_ranges(lowest, highest, layer, scale, values)
                    where = (
                        f"initialisation {trained.initialisation}, epoch {epoch}, layer {layer}, "
                        f"{change} by {scale:g}"
                    )
                    for name, bits in self._estimates(values, trained, ranges, where):
                        yield (epoch, layer, change, scale, name, *bits, moved)

    def _estimates(self, values, trained, ranges, where) -> Iterator[tuple[str, tuple]]:
        estimators = {
            name: make_estimator(**resolve_range(parameters, ranges))
            for name, parameters in self.named.items()
        }
        samples = {"activations": check_samples(values, trained.evaluated_labels)}
        for name, found in estimates_of(estimators, samples, where):
            yield name, (found.mi_input_bits, found.mi_label_bits, found.ceiling_bits)


def passes_through(activation: str, scale: float) -> bool:
    """Return whether f(c z) = c f(z) for every z, so that the next layer can undo a factor c.

    Parameters
    ----------
    activation : str
        Name of f; of those that are not known here, only c = 1 is taken to pass.
    scale : float
        c, not 0.
    """
    if activation == "linear":
        return True
    if activation == "relu":
        return scale > 0
    return scale == 1 or (scale == -1 and activation in ("tanh", "softsign"))


def rescale_layer(
    parameters: np.ndarray, widths: Sequence[int], layer: int, scale: float
) -> np.ndarray:
    """Multiply what a hidden layer receives, and divide the weights of the layer above.

    Parameters
    ----------
    parameters : array of float32, shape (parameters,)
        Of a network of fully connected layers.
    widths : sequence of int
        Units of every layer from the input to the output.
    layer : int
        1 .. L - 1.
    scale : float
        Not 0.

    Returns
    -------
    rescaled : array of float32, shape (parameters,)
        Of a network that computes the same up to rounding if the factor passes through the
        activation function.
    """
    rescaled = parameters.copy()
    (weights, biases), (above, _) = split_parameters(rescaled, widths)[layer - 1 : layer + 1]
    weights *= np.float32(scale)
    biases *= np.float32(scale)
    above /= np.float32(scale)
    return rescaled


def reverse_layer(parameters: np.ndarray, widths: Sequence[int], layer: int) -> np.ndarray:
    """Put the units of a hidden layer in reverse order; as `rescale_layer`."""
    other = parameters.copy()
    (weights, biases), (above, _) = split_parameters(other, widths)[layer - 1 : layer + 1]
    weights[:] = weights[::-1].copy()
    biases[:] = biases[::-1].copy()
    above[:] = above[:, ::-1].copy()
    return other


def rescaled_ranges(
    lowest: np.ndarray, highest: np.ndarray, layer: int, scale: float, values: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Return the ranges of a layer that was rescaled, as `resolve_range` takes them.

    Parameters
    ----------
    lowest, highest : array of float, shape (layers,)
        Extremes of each layer before, over training.
    layer : int
        The rescaled one, 1 .. layers.
    scale : float
    values : array of float, shape (samples, units)
        What the rescaled layer gives: rounding may carry it beyond the scaled extremes.

    Returns
    -------
    ranges : dict of str to (float, float)
    """
    now = float(values.min()), float(values.max())
    ends = np.array([lowest, highest], dtype=np.float64)
    scaled = ends[:, layer - 1] * scale
    ends[:, layer - 1] = min(*scaled, now[0]), max(*scaled, now[1])
    low, high = ends.tolist()
    return {
        "global": (min(low), max(high)),
        "layer": (low[layer - 1], high[layer - 1]),
        "epoch": now,
    }
