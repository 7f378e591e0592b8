"""A `torch.nn.Module` without values of its own, run with parameters from a vector."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from infoplane.compiled.threads import one_thread

# Samples run at a time: the activations of all layers are then no heavy load.
BATCH = 1024


class Skeleton:
    """Know a module's layers, and where its parameters stand in one vector.

    Parameters
    ----------
    build : callable
        Makes the `torch.nn.Module`.
    layers : tuple of str or None
        Names of the modules that are its layers; None: its children.
    input_shape : tuple of int
        Of one input.

    Raises
    ------
    ValueError
        If a layer is not there, a parameter belongs to none, or the module has buffers.
    """

    def __init__(
        self,
        build: Callable[[], torch.nn.Module],
        layers: tuple[str, ...] | None,
        input_shape: tuple[int, ...],
    ):
        # On this device nothing is drawn and nothing takes memory.
        with torch.device("meta"):
            self._module = build()
        self._input_shape = input_shape
        children = tuple(name for name, _ in self._module.named_children())
        self._layers = children if layers is None else layers
        known = dict(self._module.named_modules())
        missing = [name for name in self._layers if name not in known]
        if missing:
            raise ValueError(f"no layer {missing[0]!r}; the module has: {', '.join(known)}")
        buffers = [name for name, _ in self._module.named_buffers()]
        if buffers:
            raise ValueError(f"a network is its parameters alone, but {buffers[0]!r} is a buffer")
        self._shapes = self._arranged_shapes()
        sizes = {name: math.prod(shape) for name, shape in self._shapes.items()}
        starts = np.concatenate([[0], np.cumsum(list(sizes.values()))]).astype(int).tolist()
        self._starts = dict(zip(sizes, starts, strict=False))
        self.parameter_count = starts[-1]

    def _arranged_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters, layer after layer, weights before biases."""
        shapes = {name: tuple(p.shape) for name, p in self._module.named_parameters()}
        arranged = {}
        for layer in self._layers:
            own = {name: shape for name, shape in shapes.items() if name.startswith(f"{layer}.")}
            arranged |= dict(sorted(own.items(), key=lambda item: len(item[1]) < 2))
        homeless = sorted(set(shapes) - set(arranged))
        if homeless:
            raise ValueError(f"parameter {homeless[0]!r} belongs to no layer")
        return arranged

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of numbers that each layer gives for one input."""
        with torch.device("meta"):
            parameters = torch.empty(self.parameter_count)
            outputs = self.run_layers(parameters, torch.empty(1, *self._input_shape))
        return tuple(output.numel() for output in outputs)

    def parts(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return the shapes of the parameters that each part of the module has itself."""
        found = {}
        for name, part in self._module.named_modules():
            own = {key: tuple(p.shape) for key, p in part.named_parameters(recurse=False)}
            if own:
                found[name] = own
        return found

    def part(self, name: str) -> torch.nn.Module:
        """Return the part of the module of that name; its parameters have no values."""
        return self._module.get_submodule(name)

    def split(self, vector) -> dict:
        """View a vector, array or tensor, as the module's parameters by their names."""
        return {
            name: vector[start : start + math.prod(shape)].reshape(shape)
            for (name, start), shape in zip(
                self._starts.items(), self._shapes.values(), strict=True
            )
        }

    def weights(self, parameters: np.ndarray) -> list[np.ndarray]:
        """View the weights of each layer, flattened where it has not one array of them.

        Parameters
        ----------
        parameters : array, shape (..., parameter_count)

        Returns
        -------
        weights : list of array
        """
        views = []
        for layer in self._layers:
            own = {
                name: shape
                for name, shape in self._shapes.items()
                if name.startswith(f"{layer}.") and len(shape) > 1
            }
            start = self._starts[next(iter(own))] if own else 0
            size = sum(math.prod(shape) for shape in own.values())
            view = parameters[..., start : start + size]
            if len(own) == 1:
                (shape,) = own.values()
                view = view.reshape(*parameters.shape[:-1], *shape)
            views.append(view)
        return views

    def net_input(self, parameters: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Run the module; return what the output layer receives.

        Parameters
        ----------
        parameters : tensor of float32, shape (parameter_count,)
        inputs : tensor of float32, shape (samples, ...)

        Returns
        -------
        net_input : tensor of float32, shape (samples, classes)
        """
        return torch.func.functional_call(self._module, self.split(parameters), (inputs,))

    def layer_values(self, parameters: np.ndarray, inputs: np.ndarray) -> list[np.ndarray]:
        """Return what each layer gives for every input, the last one its net input.

        Parameters
        ----------
        parameters : array of float32, shape (parameter_count,)
        inputs : array of float32, shape (samples, ...)

        Returns
        -------
        values : list of array of float32, shape (samples, units)
        """
        # Copies into PyTorch's own memory: it rounds by the alignment.
        vector, parts = torch.tensor(parameters), []
        with torch.no_grad(), one_thread():
            for start in range(0, len(inputs), BATCH):
                batch = torch.tensor(inputs[start : start + BATCH])
                parts.append([out.flatten(1).numpy() for out in self.run_layers(vector, batch)])
        return [np.concatenate(batches) for batches in zip(*parts, strict=True)]

    def run_layers(self, parameters: torch.Tensor, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Return what each layer gives, the last one its net input; gradients follow.

        Parameters
        ----------
        parameters : tensor of float32, shape (parameter_count,)
        inputs : tensor of float32, shape (samples, ...)

        Returns
        -------
        values : list of tensor of float32, shape (samples, ...)
        """
        found = {}

        def keep(name: str) -> Callable:
            # A copy: the next layer may work in place.
            def hook(module, arguments, output):
                found[name] = output.clone()

            return hook

        hidden = self._layers[:-1]
        net_input = self.watched(parameters, inputs, {name: keep(name) for name in hidden})
        return [*(found[name] for name in hidden), net_input]

    def watched(
        self, parameters: torch.Tensor, inputs: torch.Tensor, hooks: Mapping[str, Callable]
    ) -> torch.Tensor:
        """Run the module with forward hooks on some of its modules, by their names.

        Parameters
        ----------
        parameters : tensor, shape (parameter_count,)
        inputs : tensor, shape (samples, ...)
        hooks : mapping of str to callable
            As of `torch.nn.Module.register_forward_hook`.

        Returns
        -------
        net_input : tensor, shape (samples, classes)
        """
        handles = [self.part(name).register_forward_hook(hook) for name, hook in hooks.items()]
        try:
            return self.net_input(parameters, inputs)
        finally:
            for handle in handles:
                handle.remove()
