"""What the layers of a PyTorch module give, caught by hooks, in bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from infoplane.reading import GIGABYTE, Reading

Modules = dict[str, torch.nn.Module]


def layers_in_turn(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    layers: list[str] | None,
    batch_size: int,
    reading: Reading,
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

    Yields
    ------
    name : str
        In the order of the forward pass; ``layer:2`` for a second call.
    activations : array, shape (samples, units), or None
        None if it alone does not fit.

    Raises
    ------
    ValueError
        If a layer is unknown, not used, or gives anything but one tensor with a row per sample.
    """
    chosen, sizes, batch_size = foreseen(module, inputs, layers, batch_size, reading)
    group, room = [], reading.memory_bytes
    for name, size in sizes.items():
        if size > room and group:
            yield from read_layers(module, inputs, chosen, group, batch_size, reading)
            group, room = [], reading.memory_bytes
        if size > room:
            warnings.warn(
                f"layer {name!r} is left out: it takes {size / GIGABYTE:.3g} GB, more than the "
                f"memory_bytes of {reading.memory_bytes / GIGABYTE:.3g} GB; pooling, units or "
                "samples of a Reading make it smaller",
                stacklevel=4,
            )
            yield name, None
        else:
            group.append(name)
            room -= size
    if group:
        yield from read_layers(module, inputs, chosen, group, batch_size, reading)


def foreseen(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    layers: list[str] | None,
    batch_size: int,
    reading: Reading,
) -> tuple[Modules, dict[str, int], int]:
    """Look at what two inputs give, and foresee what all of them will.

    Parameters
    ----------
    module, inputs, layers, batch_size, reading
        As in `layers_in_turn`.

    Returns
    -------
    chosen : dict of torch.nn.Module
        The layers' modules.
    sizes : dict of int
        Bytes of each layer for all inputs, in the order of the forward pass.
    batch_size : int
        Such that what a part of the module takes and gives fits into memory.

    Raises
    ------
    ValueError
        If a layer is unknown or not used, or a part of the module cannot take what it is given.
    """
    chosen = _chosen_modules(module, layers)
    sizes, widest = {}, 1

    def see(layer: str, key: str, output: object) -> None:
        nonlocal widest
        # What is no layer is refused when all is read.
        has_rows = isinstance(output, torch.Tensor) and output.ndim > 0 and len(output) > 0
        if has_rows:
            widest = max(widest, output.nbytes // len(output))
        if layer in chosen:
            own = reading.of_output(output).nbytes // len(output) if has_rows else 0
            sizes[key] = own * len(inputs)

    # Two: modules that drop axes of length one would drop that of a single sample.
    first = inputs[:2]
    with _naming_what_fails(module, first):
        _run(module, first, dict(module.named_modules()) | chosen, see)
    unused = [name for name in chosen if name not in sizes]
    if unused and layers is not None:
        raise ValueError(f"layer {unused[0]!r} is not used in the forward pass")
    if not sizes:
        raise ValueError("the forward pass calls none of the module's layers; name `layers`")
    return chosen, sizes, max(1, min(batch_size, reading.memory_bytes // (2 * widest)))


def read_layers(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    chosen: Modules,
    group: list[str],
    batch_size: int,
    reading: Reading,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield some layers, all filled by one pass over the inputs.

    Parameters
    ----------
    module, inputs, reading
        As in `layers_in_turn`.
    chosen, batch_size
        As from `foreseen`.
    group : list of str
        Keys of its sizes.

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

        _run(module, batch, chosen, keep)
    for key in group:
        if filled[key] < len(inputs):
            raise ValueError(f"layer {key!r} is used for some inputs only")
        yield key, arrays.pop(key)


def _chosen_modules(module: torch.nn.Module, layers: list[str] | None) -> Modules:
    known = dict(module.named_modules())
    if layers is None:
        leaves = {name: part for name, part in known.items() if not list(part.children())}
        return leaves if "" not in leaves else {type(module).__name__: module}
    for name in layers:
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


@contextmanager
def _naming_what_fails(module: torch.nn.Module, inputs: torch.Tensor) -> Iterator[None]:
    """Refuse inputs that a module cannot take, by the part of it where they fail and why."""
    entered = []

    def entering(name: str) -> Callable:
        def hook(part, arguments, keywords):
            values = filter(torch.is_tensor, (*arguments, *keywords.values()))
            entered.append((name, part, [tuple(value.shape) for value in values]))

        return hook

    def leave(part, arguments, output):
        entered.pop()

    handles = []
    for name, part in module.named_modules():
        handles.append(part.register_forward_pre_hook(entering(name), with_kwargs=True))
        handles.append(part.register_forward_hook(leave))
    try:
        yield
    except (RuntimeError, ValueError, IndexError) as error:
        if not entered:
            raise
        name, part, shapes = entered[-1]
        own = type(part).__name__ if list(part.children()) else str(part)
        raise ValueError(
            f"{f'layer {name!r}' if name else 'the module'}, {own}, cannot take the shape "
            f"{' and '.join(map(str, shapes))} that it is given for {len(inputs)} inputs of "
            f"{tuple(inputs.shape[1:])}: {error}"
        ) from error
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
