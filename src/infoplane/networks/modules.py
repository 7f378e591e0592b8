"""Networks that are given as a `torch.nn.Module`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from infoplane.networks.base import Network
from infoplane.networks.functions import OUTPUT_FUNCTIONS
from infoplane.networks.initial import initial_layer


@dataclass(frozen=True)
class ModuleNetwork(Network):
    """Describe a network by the module that `build` makes.

    Its layers are the module's children, in their order, unless `layer_names` says otherwise.
    Every parameter belongs to one layer, and the module has no state besides: no buffers, such as
    running means, and no randomness. What it gives is the net input of the output layer, one
    number a class.

    The parameters of one network are one vector, layer after layer: the weights (what has more
    than one axis), then the biases.

    Attributes
    ----------
    input_shape : tuple of int
        Of one input.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.
    """

    # A field of the members.
    input_shape = ()
    # What a module receives may have other units than what it gives: pooling comes between.
    tells_net_inputs = False

    @abstractmethod
    def build(self):
        """Make the `torch.nn.Module`; the values of its parameters are never looked at."""

    @property
    def layer_names(self) -> tuple[str, ...] | None:
        """Return the layers' names in the module's ``named_modules()``; None: its children."""
        return None

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L; channels and positions are units."""
        return self.skeleton.units

    @property
    def parameter_count(self) -> int:
        """Return the number of weights and biases."""
        return self.skeleton.parameter_count

    @cached_property
    def skeleton(self):
        """Return the module without values, and where its parameters stand in the vector."""
        # PyTorch is loaded here: networks are described, and planned with, without running any.
        from infoplane.networks._skeleton import Skeleton

        return Skeleton(self.build, self.layer_names, self.input_shape)

    def initial_parameters(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the parameters before training; see `Network`.

        What scales and shifts each unit, as a `torch.nn.LayerNorm`, does neither at first. A member
        of which a part has other parameters than ``weight`` and ``bias`` must draw its own.
        """
        vector = np.zeros(self.parameter_count, dtype=np.float32)
        for part, shapes in self.skeleton.parts().items():
            if "bias" in shapes and len(shapes["weight"]) == 1:
                self.skeleton.split(vector)[f"{part}.weight"][...] = 1
                continue
            if not {"weight"} <= set(shapes) <= {"weight", "bias"} or len(shapes["weight"]) < 2:
                raise ValueError(f"{part!r} has initial parameters of its own: {list(shapes)}")
            weights, biases = np.split(
                initial_layer(shapes["weight"], self.initial_weights, generator),
                [int(np.prod(shapes["weight"]))],
            )
            views = self.skeleton.split(vector)
            views[f"{part}.weight"][...] = weights.reshape(shapes["weight"])
            if "bias" in shapes:
                views[f"{part}.bias"][...] = biases
        return vector

    def weights(self, parameters: np.ndarray) -> list[np.ndarray]:
        """View the weights of each layer; see `Network`.

        Those of a layer that has not exactly one array of weights are flattened.
        """
        return self.skeleton.weights(parameters)

    def unit_rows(
        self, parameters: np.ndarray, inputs: np.ndarray
    ) -> Iterator[tuple[np.ndarray | None, np.ndarray]]:
        """Yield what each layer gives, and what the output layer receives; see `Network`."""
        *hidden, net = (values.T for values in self.skeleton.layer_values(parameters, inputs))
        for layer, rows in enumerate(hidden, start=1):
            yield None, self.represented(layer, rows)
        yield net, OUTPUT_FUNCTIONS[self.output](net)

    def represented(self, layer: int, rows: np.ndarray) -> np.ndarray:
        """Return what of a hidden layer is its representation; by default all that it gives.

        Parameters
        ----------
        layer : int
            1 .. L - 1.
        rows : array of float, shape (numbers that the layer gives, samples)

        Returns
        -------
        rows : array of float, shape (units of the layer, samples)
        """
        return rows
