"""The information plane of any PyTorch module: every layer's I(X;T) and I(T;Y), by hooks.

>>> from infoplane.plane import information_plane
>>> table = information_plane(module, inputs, labels, make_estimator("kde", noise_variance=0.1))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np
import pandas as pd
import torch

from infoplane.estimators.base import Estimator, check_labels


def information_plane(
    module: torch.nn.Module,
    inputs: torch.Tensor | np.ndarray,
    labels: torch.Tensor | np.ndarray,
    estimator: Estimator,
    layers: Iterable[str] | None = None,
    batch_size: int = 1024,
) -> pd.DataFrame:
    """Measure the information in the layers of a PyTorch module.

    Parameters
    ----------
    module : torch.nn.Module
        Called with `inputs` alone, in evaluation mode and without gradients; its training mode
        is as before when done.
    inputs : tensor or array, shape (samples, ...)
        X, each pattern once. Moved to the device of the module's parameters; floating-point
        inputs take their precision as well.
    labels : tensor or array of int, shape (samples,)
        Y.
    estimator : Estimator
        Such as ``make_estimator("binned", bins=30, low=-1.0, high=1.0)``.
    layers : iterable of str, optional
        Names as in ``module.named_modules()``. By default every module without submodules.
    batch_size : int
        Samples per forward pass; moves memory, not results.

    Returns
    -------
    pandas.DataFrame
        One row per layer in the order of the forward pass: ``layer, mi_input_bits,
        mi_label_bits, ceiling_bits``. A layer that is called again has further rows, named
        ``layer:2`` and so on.

    Raises
    ------
    ValueError
        If inputs and labels do not fit, there is a single class, a layer is unknown, not used,
        or gives anything but one tensor with a row per sample, or the estimator refuses a layer's
        activations, as it does with NaN; the message names the layer.
    """
    labels = labels.cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)
    check_labels(labels, len(inputs))
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    rows = []
    for name, activations in layer_activations(module, inputs, layers, batch_size).items():
        try:
            estimate = estimator(activations, labels)
        except ValueError as error:
            raise ValueError(f"layer {name!r}: {error}") from error
        rows.append({"layer": name, **asdict(estimate)})
    return pd.DataFrame(rows)


def layer_activations(
    module: torch.nn.Module,
    inputs: torch.Tensor | np.ndarray,
    layers: Iterable[str] | None = None,
    batch_size: int = 1024,
) -> dict[str, np.ndarray]:
    """Return what the layers of a PyTorch module give for every input.

    Parameters
    ----------
    module, inputs, layers, batch_size
        As in `information_plane`.

    Returns
    -------
    activations : dict of array of float, shape (samples, units)
        By layer, in the order of the forward pass; channels and positions are units.
    """
    chosen = _chosen_modules(module, layers)
    parts = defaultdict(list)
    with _evaluating(module), torch.no_grad():
        for batch in _as_module_input(inputs, module).split(batch_size):
            for name, activations in _forward(module, batch, chosen).items():
                parts[name].append(activations)
    unused = [name for name in chosen if name not in parts]
    if unused and layers is not None:
        raise ValueError(f"layer {unused[0]!r} is not used in the forward pass")
    return {name: np.concatenate(batches) for name, batches in parts.items()}


def _chosen_modules(
    module: torch.nn.Module, layers: Iterable[str] | None
) -> dict[str, torch.nn.Module]:
    known = dict(module.named_modules())
    if layers is None:
        leaves = {name: part for name, part in known.items() if not list(part.children())}
        return leaves if "" not in leaves else {type(module).__name__: module}
    layers = [layers] if isinstance(layers, str) else list(layers)
    for name in layers:
        if name not in known or name == "":
            allowed = ", ".join(filter(None, known))
            raise ValueError(f"no layer {name!r}; the module has: {allowed}")
    return {name: known[name] for name in layers}


def _as_module_input(inputs: torch.Tensor | np.ndarray, module: torch.nn.Module) -> torch.Tensor:
    inputs = torch.as_tensor(inputs)
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


def _forward(
    module: torch.nn.Module, batch: torch.Tensor, chosen: dict[str, torch.nn.Module]
) -> dict[str, np.ndarray]:
    """Run one batch and return the chosen modules' outputs, call by call."""
    seen = {}

    def keep(name):
        def hook(part, arguments, output):
            call, key = 1, name
            while key in seen:
                call += 1
                key = f"{name}:{call}"
            seen[key] = _rows(name, output, len(batch))

        return hook

    handles = [part.register_forward_hook(keep(name)) for name, part in chosen.items()]
    try:
        module(batch)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _rows(name: str, output: object, samples: int) -> np.ndarray:
    """Return a layer's output as one row per sample."""
    if not isinstance(output, torch.Tensor):
        raise ValueError(
            f"layer {name!r} gives a {type(output).__name__}, not a tensor; choose other `layers`"
        )
    if output.ndim == 0 or len(output) != samples:
        raise ValueError(
            f"layer {name!r} gives shape {tuple(output.shape)} for {samples} samples; its first "
            "axis must be the samples"
        )
    if output.dtype in (torch.float16, torch.bfloat16):
        output = output.float()
    # A copy: the next layer may work in place.
    return output.reshape(samples, -1).to("cpu", copy=True).numpy()
