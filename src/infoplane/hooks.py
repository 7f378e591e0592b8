"""What the layers of a PyTorch module give, caught by hooks, in bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from infoplane.parts import Modules, has_parts, naming_what_fails, parts_of
from infoplane.reading import GIGABYTE, Reading

LEAST_SHARE = 16
"""Of the memory, one such part is for a batch even where layers take nearly all of it."""


@dataclass(frozen=True)
class Foreseen:
    """Hold what a look at two inputs tells of all of them.

    Attributes
    ----------
    chosen : dict of torch.nn.Module
        The layers' modules.
    layers : dict of tuple
        Units and type of each layer, in the order of the forward pass.
    samples : int
        How many inputs there are.
    widest : int
        The most bytes that a part of the module gives for one input.
    """

    chosen: Modules
    layers: dict[str, tuple[int, np.dtype]]
    samples: int
    widest: int

    def size(self, name: str) -> int:
        """Return the bytes of a layer for all inputs."""
        units, dtype = self.layers[name]
        return self.samples * units * dtype.itemsize

    def batch_size(self, most: int, held: int, memory_bytes: int) -> int:
        """Return how many inputs can be on their way while so many bytes are held."""
        room = max(memory_bytes - held, memory_bytes // LEAST_SHARE)
        # What a part takes and what it gives.
        return max(1, min(most, room // (2 * self.widest)))


def layers_in_turn(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    layers: list[str] | None,
    batch_size: int,
    reading: Reading,
    beside: Callable[[int, np.dtype], int],
) -> Iterator[tuple[str, np.ndarray | None]]:
    """Yield one layer after the other, as many held at a time as fit into memory.

    Parameters
    ----------
    module : torch.nn.Module
    inputs : tensor, shape (samples, ...)
        All of them are read.
    layers : list of str or None
        None: every module without submodules.
    batch_size : int
        The most samples of a forward pass.
    reading : Reading
    beside : callable
        From a layer's units and type to the bytes that measuring it takes beside it.

    Yields
    ------
    name : str
        In the order of the forward pass; ``layer:2`` for a second call.
    activations : array, shape (samples, units), or None
        None if it alone does not fit, with what measuring it takes.

    Raises
    ------
    ValueError
        If a layer is unknown, not used, or gives anything but one tensor with a row per sample.
    """
    found = foreseen(module, inputs, layers, reading)
    group, held, most = [], 0, 0
    for name, of_layer in found.layers.items():
        size, extra = found.size(name), beside(*of_layer)
        if group and held + size + max(most, extra) > reading.memory_bytes:
            yield from read_layers(module, inputs, found, group, batch_size, reading)
            group, held, most = [], 0, 0
        if size + extra > reading.memory_bytes:
            _warn_of_size(name, size, extra, reading.memory_bytes)
            yield name, None
        else:
            group.append(name)
            held, most = held + size, max(most, extra)
    if group:
        yield from read_layers(module, inputs, found, group, batch_size, reading)


def _warn_of_size(name: str, size: int, extra: int, memory_bytes: int) -> None:
    takes = f"{size / GIGABYTE:.3g} GB"
    if extra:
        takes += f" and the estimator {extra / GIGABYTE:.3g} GB beside it"
    warnings.warn(
        f"layer {name!r} is left out: it takes {takes}, more than the memory_bytes of "
        f"{memory_bytes / GIGABYTE:.3g} GB; allow more, or make it smaller by pooling, units or "
        "samples of a Reading",
        stacklevel=5,
    )


def foreseen(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    layers: list[str] | None,
    reading: Reading,
) -> Foreseen:
    """Look at what two inputs give, and foresee what all of them will.

    Parameters
    ----------
    module, inputs, layers, reading
        As in `layers_in_turn`.

    Returns
    -------
    Foreseen

    Raises
    ------
    ValueError
        If a layer is unknown or not used, or a part of the module cannot take what it is given.
    """
    chosen = _chosen_modules(module, layers)
    of_layers, widest = {}, 1

    def see(layer: str, key: str, output: object) -> None:
        nonlocal widest
        # What is no layer is refused when all is read.
        has_rows = isinstance(output, torch.Tensor) and output.ndim > 0 and len(output) > 0
        if has_rows:
            widest = max(widest, output.nbytes // len(output))
        if layer in chosen:
            own = reading.of_output(output.detach()[:1]) if has_rows else torch.empty(1, 0)
            of_layers[key] = own.shape[1], own.cpu().numpy().dtype

    # Two: modules that drop axes of length one would drop that of a single sample.
    first = inputs[:2]
    with naming_what_fails(module, first):
        _run(module, first, parts_of(module) | chosen, see)
    unused = [name for name in chosen if name not in of_layers]
    if unused and layers is not None:
        raise ValueError(f"layer {unused[0]!r} is not used in the forward pass")
    if not of_layers:
        raise ValueError("the forward pass calls none of the module's layers; name `layers`")
    return Foreseen(chosen, of_layers, len(inputs), widest)


def read_layers(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    found: Foreseen,
    group: list[str],
    batch_size: int,
    reading: Reading,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield some layers, all filled by one pass over the inputs.

    Parameters
    ----------
    module, inputs, batch_size, reading
        As in `layers_in_turn`.
    found : Foreseen
    group : list of str
        Keys of its layers.

    Yields
    ------
    name : str
    activations : array, shape (samples, units)

    Raises
    ------
    ValueError
        If a layer gives anything but one tensor with a row per sample.
    """
    arrays, filled = {}, dict.fromkeys(group, 0)
    held = sum(map(found.size, group))
    batch_size = found.batch_size(batch_size, held, reading.memory_bytes)
    for batch in inputs.split(batch_size):

        def keep(layer: str, key: str, output: object, samples: int = len(batch)) -> None:
            if key not in filled:
                return
            rows = _rows(key, output, samples, reading)
            if key not in arrays:
                arrays[key] = np.empty((len(inputs), rows.shape[1]), rows.dtype)
            if rows.shape[1] != arrays[key].shape[1]:
                raise ValueError(f"layer {key!r} gives another number of units for other inputs")
            arrays[key][filled[key] : filled[key] + samples] = rows
            filled[key] += samples

        _run(module, batch, found.chosen, keep)
    for key in group:
        if filled[key] < len(inputs):
            raise ValueError(f"layer {key!r} is used for some inputs only")
        yield key, arrays.pop(key)


def _chosen_modules(module: torch.nn.Module, layers: list[str] | None) -> Modules:
    known = parts_of(module)
    if layers is None:
        leaves = {name: part for name, part in known.items() if not has_parts(part)}
        return leaves if "" not in leaves else {type(module).__name__: module}
    for name in layers:
        parametrised, below, _ = f".{name}.".partition(".parametrizations.")
        if below and name not in known and (parametrised := parametrised[1:]) in known:
            raise ValueError(
                f"layer {name!r} makes a parameter of "
                f"{f'layer {parametrised!r}' if parametrised else 'the module'} and gives no "
                "values of samples; name a layer that does"
            )
        if name not in known or name == "":
            allowed = ", ".join(filter(None, known))
            raise ValueError(f"no layer {name!r}; the module has: {allowed}")
    return {name: known[name] for name in layers}


def _run(
    module: torch.nn.Module,
    batch: torch.Tensor,
    parts: Modules,
    see: Callable[[str, str, object], None],
) -> None:
    """Run one batch in evaluation mode; hand over what each call of each part gives.

    With it go the name of the part and the key of the call.
    """
    calls = {}

    def watching(name: str) -> Callable:
        def hook(part, arguments, output):
            calls[name] = calls.get(name, 0) + 1
            see(name, name if calls[name] == 1 else f"{name}:{calls[name]}", output)

        return hook

    handles = [part.register_forward_hook(watching(name)) for name, part in parts.items()]
    try:
        with _evaluating(module), torch.no_grad():
            # A copy: the first layer may work in place.
            module(_as_module_input(batch, module).clone())
    finally:
        for handle in handles:
            handle.remove()


def _as_module_input(inputs: torch.Tensor, module: torch.nn.Module) -> torch.Tensor:
    parameter = next(module.parameters(), None)
    if parameter is None:
        return inputs
    if inputs.is_floating_point():
        return inputs.to(parameter.device, parameter.dtype)
    return inputs.to(parameter.device)


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and each of its parts back as it was."""
    before = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


def _rows(name: str, output: object, samples: int, reading: Reading) -> np.ndarray:
    """Return a layer's output as one row per sample; no copy where that is possible."""
    if not isinstance(output, torch.Tensor):
        raise ValueError(
            f"layer {name!r} gives a {type(output).__name__}, not a tensor, and which part of it "
            "is meant is not said; choose other `layers`"
        )
    if output.ndim == 0 or len(output) != samples:
        raise ValueError(
            f"layer {name!r} gives shape {tuple(output.shape)} for {samples} samples; its first "
            "axis must be the samples"
        )
    return reading.of_output(output.detach()).cpu().numpy()
