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

from infoplane.checks import require_whole
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
        inputs take their precision as well. Masked values are refused.
    labels : tensor or array of int, shape (samples,)
        Y.
    estimator : Estimator
        Such as ``make_estimator("binned", bins=30, low=-1.0, high=1.0)``.
    layers : iterable of str, optional
        Names as in ``module.named_modules()``, at least one. By default every module without
        submodules. For an estimator that reads net inputs they are to be named: the modules that
        give what a nonlinearity receives.
    batch_size : int
        Samples per forward pass; moves memory, not results.

    Returns
    -------
    pandas.DataFrame
        One row per layer in the order of the forward pass: ``layer, mi_input_bits,
        mi_label_bits, ceiling_bits``. A layer that is called again has further rows, named
        ``layer:2`` and so on. A quantity that the estimator does not give, as a decoder's
        I(X;T), is NaN.

    Raises
    ------
    TypeError
        If an argument is of another kind, such as a measure where an estimator is asked for.
    ValueError
        If inputs and labels do not fit, there is a single class, a layer is unknown, not used,
        or gives anything but one tensor with a row per sample, or the estimator refuses a layer's
        activations, as it does with NaN; the message names the layer.
    """
    return measure_layers(module, *check_measurement(inputs, labels, estimator, layers), batch_size)


def check_measurement(
    inputs: torch.Tensor | np.ndarray,
    labels: torch.Tensor | np.ndarray,
    estimator: Estimator,
    layers: Iterable[str] | None = None,
) -> tuple[torch.Tensor, np.ndarray, Estimator, list[str] | None]:
    """Refuse what `information_plane` cannot measure, as far as it shows without a module.

    Parameters
    ----------
    inputs, labels, estimator, layers
        As in `information_plane`.

    Returns
    -------
    inputs : tensor, shape (samples, ...)
    labels : array of int, shape (samples,)
    estimator : Estimator
    layers : list of str or None

    Raises
    ------
    TypeError, ValueError
        As `information_plane` does.
    """
    layers = _names_of_layers(layers)
    if not isinstance(estimator, Estimator):
        raise TypeError(
            "estimator must be what make_estimator returns, such as make_estimator('kde', "
            f"noise_variance=0.1), not {_kind(estimator)}; measures, HSIC among them, have no bits"
        )
    if estimator.reads == "net_inputs" and layers is None:
        raise ValueError(
            f"{estimator.name!r} reads net inputs: name in `layers` the modules that give them, "
            "those before a nonlinearity"
        )
    inputs = _as_tensor("inputs", inputs)
    labels = _as_tensor("labels", labels).cpu().numpy()
    check_labels(labels, len(inputs))
    return inputs, labels, estimator, layers


def measure_layers(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    labels: np.ndarray,
    estimator: Estimator,
    layers: list[str] | None,
    batch_size: int,
) -> pd.DataFrame:
    """Return the table of `information_plane` for arguments that `check_measurement` gave."""
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
    require_whole("batch_size", batch_size, at_least=1)
    layers = _names_of_layers(layers)
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, not {_kind(module)}")
    chosen = _chosen_modules(module, layers)
    parts = defaultdict(list)
    with _evaluating(module), torch.no_grad():
        for batch in _as_module_input(_as_tensor("inputs", inputs), module).split(batch_size):
            # A copy: the first layer may work in place.
            for name, activations in _forward(module, batch.clone(), chosen).items():
                parts[name].append(activations)
    unused = [name for name in chosen if name not in parts]
    if unused and layers is not None:
        raise ValueError(f"layer {unused[0]!r} is not used in the forward pass")
    if not parts:
        raise ValueError("the forward pass calls none of the module's layers; name `layers`")
    return {name: np.concatenate(batches) for name, batches in parts.items()}


def _names_of_layers(layers: Iterable[str] | None) -> list[str] | None:
    """Return the names asked for as a list; none if the layers are to be found."""
    if layers is None:
        return None
    if isinstance(layers, str):
        return [layers]
    if not isinstance(layers, Iterable):
        raise TypeError(f"layers must be names of modules, not {_kind(layers)}")
    layers = list(layers)
    wrong = [name for name in layers if not isinstance(name, str)]
    if wrong:
        raise TypeError(f"layers must be names of modules, not {_kind(wrong[0])}")
    if not layers:
        raise ValueError("layers must name at least one module; leave it out to measure all")
    return layers


def _as_tensor(name: str, values: torch.Tensor | np.ndarray) -> torch.Tensor:
    """Return numbers with an axis of samples as a tensor without a gradient."""
    if isinstance(values, torch.Tensor):
        values = values.detach()
        if values.layout != torch.strided:
            raise TypeError(f"{name} must be a dense tensor, not one of {values.layout}")
    else:
        if np.ma.is_masked(values):
            raise ValueError(
                f"{name} must have a value everywhere, but {np.ma.count_masked(values)} are masked"
            )
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must be a tensor or array of numbers, not {_kind(values)}")
        # What PyTorch can share: in order, and writeable, lest it warn.
        values = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if values.ndim == 0:
        raise TypeError(f"{name} must have one row for each sample, not be a single number")
    return values


def _kind(value: object) -> str:
    """Return what to call a value of the wrong kind in a message."""
    if isinstance(value, str | int | float) or value is None:
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"an object of {type(value).__name__}"


def _chosen_modules(
    module: torch.nn.Module, layers: list[str] | None
) -> dict[str, torch.nn.Module]:
    known = dict(module.named_modules())
    if layers is None:
        leaves = {name: part for name, part in known.items() if not list(part.children())}
        return leaves if "" not in leaves else {type(module).__name__: module}
    for name in layers:
        if name not in known or name == "":
            allowed = ", ".join(filter(None, known))
            raise ValueError(f"no layer {name!r}; the module has: {allowed}")
    return {name: known[name] for name in layers}


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
            f"layer {name!r} gives a {type(output).__name__}, not a tensor, and which part of it "
            "is meant is not said; choose other `layers`"
        )
    if output.ndim == 0 or len(output) != samples:
        raise ValueError(
            f"layer {name!r} gives shape {tuple(output.shape)} for {samples} samples; its first "
            "axis must be the samples"
        )
    if output.dtype in (torch.float16, torch.bfloat16):
        output = output.float()
    # A copy here too, for the next layer may.
    return output.detach().reshape(samples, -1).to("cpu", copy=True).numpy()
