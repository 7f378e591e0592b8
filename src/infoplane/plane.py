"""The information plane of any PyTorch module: every layer's I(X;T) and I(T;Y), by hooks.

>>> from infoplane.plane import information_plane
>>> table = information_plane(module, inputs, labels, make_estimator("kde", noise_variance=0.1))
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset

from infoplane.checks import require_whole
from infoplane.estimators.base import Estimate, Estimator, check_labels
from infoplane.hooks import foreseen, layers_in_turn, read_layers
from infoplane.reading import GIGABYTE, Reading


def information_plane(
    module: torch.nn.Module,
    inputs: torch.Tensor | np.ndarray,
    labels: torch.Tensor | np.ndarray,
    estimator: Estimator,
    layers: Iterable[str] | None = None,
    batch_size: int = 1024,
    reading: Reading | None = None,
) -> pd.DataFrame:
    """Measure the information in the layers of a PyTorch module.

    Parameters
    ----------
    module : torch.nn.Module
        Called with `inputs` alone, in evaluation mode and without gradients; its training mode
        is as before when done.
    inputs : tensor or array, shape (samples, ...)
        X, each pattern once. Moved to the device of the module's parameters; floating-point
        inputs take their precision as well. Masked values are refused. Arrays in a file are not
        loaded; of a draw its samples alone are read.
    labels : tensor or array of int, shape (samples,)
        Y.
    estimator : Estimator
        Such as ``make_estimator("binned", bins=30, low=-1.0, high=1.0)``.
    layers : iterable of str, optional
        Names as in ``module.named_modules()``, at least one. By default every module without
        submodules. For an estimator that reads net inputs they are to be named: the modules that
        give what a nonlinearity receives.
    batch_size : int
        The most samples of a forward pass; moves memory, not results.
    reading : Reading, optional
        Which samples and units, and how much memory; by default all of them and 2 GB.

    Returns
    -------
    pandas.DataFrame
        One row per layer in the order of the forward pass: ``layer, mi_input_bits,
        mi_label_bits, ceiling_bits``. A layer that is called again has further rows, named
        ``layer:2`` and so on. A quantity that the estimator does not give, as a decoder's
        I(X;T), is NaN, and so is all of a layer that does not fit into memory with what the
        estimator copies of it.

    Raises
    ------
    TypeError
        If an argument is of another kind, such as a measure where an estimator is asked for, a
        data set where arrays are, or a compiled module.
    ValueError
        If inputs and labels do not fit, there is a single class, a layer is unknown, not used,
        cannot take what it is given (such as images of another size), or gives anything but one
        tensor with a row per sample, the samples drawn lack a class, or the estimator refuses a
        layer's activations, as it does with NaN; the message names the layer.

    Warns
    -----
    UserWarning
        If a layer does not fit into memory; it says what would make it fit.
    """
    checked = check_measurement(inputs, labels, estimator, layers, reading)
    return measure_layers(module, *checked, batch_size)


def check_measurement(
    inputs: torch.Tensor | np.ndarray,
    labels: torch.Tensor | np.ndarray,
    estimator: Estimator,
    layers: Iterable[str] | None = None,
    reading: Reading | None = None,
) -> tuple[torch.Tensor, np.ndarray, Estimator, list[str] | None, Reading]:
    """Refuse what `information_plane` cannot measure, as far as it shows without a module.

    Parameters
    ----------
    inputs, labels, estimator, layers, reading
        As in `information_plane`.

    Returns
    -------
    inputs : tensor, shape (samples, ...)
        Those that are read.
    labels : array of int, shape (samples,)
    estimator : Estimator
    layers : list of str or None
    reading : Reading

    Raises
    ------
    TypeError, ValueError
        As `information_plane` does.
    """
    layers, reading = _names_of_layers(layers), _as_reading(reading)
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
    inputs = _numbers("inputs", inputs)
    labels = _as_tensor(_numbers("labels", labels)).cpu().numpy()
    check_labels(labels, len(inputs))
    drawn = reading.drawn(len(inputs))
    if drawn is not None:
        lost = np.setdiff1d(labels, labels[drawn.numpy()])
        if lost.size:
            raise ValueError(
                f"{reading.samples} samples drawn with seed {reading.seed} have none of class "
                f"{lost[0]}; draw more, or with another seed"
            )
        labels = labels[drawn.numpy()]
    return _those_drawn(inputs, drawn), labels, estimator, layers, reading


def measure_layers(
    module: torch.nn.Module,
    inputs: torch.Tensor,
    labels: np.ndarray,
    estimator: Estimator,
    layers: list[str] | None,
    reading: Reading,
    batch_size: int,
) -> pd.DataFrame:
    """Return the table of `information_plane` for arguments that `check_measurement` gave."""
    _check_module(module, batch_size)
    beside = partial(estimator.working_bytes, check_labels(labels, len(inputs)))
    turns = layers_in_turn(module, inputs, layers, batch_size, reading, beside)
    rows = []
    for name, activations in turns:
        if activations is None:
            estimate = Estimate(math.nan, math.nan, math.nan)
        else:
            try:
                estimate = estimator(activations, labels)
            except ValueError as error:
                raise ValueError(f"layer {name!r}: {error}") from error
        rows.append({"layer": name, **asdict(estimate)})
        # Or it would still be held when the next one is filled.
        del activations
    return pd.DataFrame(rows)


def layer_activations(
    module: torch.nn.Module,
    inputs: torch.Tensor | np.ndarray,
    layers: Iterable[str] | None = None,
    batch_size: int = 1024,
    reading: Reading | None = None,
) -> dict[str, np.ndarray]:
    """Return what the layers of a PyTorch module give for every input that is read.

    Parameters
    ----------
    module, inputs, layers, batch_size, reading
        As in `information_plane`.

    Returns
    -------
    activations : dict of array of float, shape (samples, units)
        By layer, in the order of the forward pass; channels and positions are units.

    Raises
    ------
    ValueError
        If all layers together do not fit into memory; else as `information_plane` does.
    """
    layers, reading = _names_of_layers(layers), _as_reading(reading)
    _check_module(module, batch_size)
    inputs = _numbers("inputs", inputs)
    inputs = _those_drawn(inputs, reading.drawn(len(inputs)))
    found = foreseen(module, inputs, layers, reading)
    if (size := sum(map(found.size, found.layers))) > reading.memory_bytes:
        raise ValueError(
            f"the layers take {size / GIGABYTE:.3g} GB together, more than the memory_bytes of "
            f"{reading.memory_bytes / GIGABYTE:.3g} GB; name fewer `layers`, or pool, draw or "
            "allow more by a Reading"
        )
    return dict(read_layers(module, inputs, found, list(found.layers), batch_size, reading))


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


def _numbers(name: str, values: torch.Tensor | np.ndarray) -> torch.Tensor | np.ndarray:
    """Return numbers with an axis of samples, without a gradient; of arrays no value is read."""
    if isinstance(values, torch.Tensor):
        values = values.detach()
        if values.layout != torch.strided:
            raise TypeError(f"{name} must be a dense tensor, not one of {values.layout}")
    else:
        if np.ma.is_masked(values):
            raise ValueError(
                f"{name} must have a value everywhere, but {np.ma.count_masked(values)} are masked"
            )
        values = _as_array(name, values)
    if values.ndim == 0:
        raise TypeError(f"{name} must have one row for each sample, not be a single number")
    return values


def _as_array(name: str, values: object) -> np.ndarray:
    refusal = f"{name} must be a tensor or array of numbers, not {_kind(values)}"
    if isinstance(values, Dataset | DataLoader):
        part = "x" if name == "inputs" else "torch.as_tensor(y)"
        joined = "torch.cat" if isinstance(values, DataLoader) else "torch.stack"
        raise TypeError(f"{refusal}; give those of all samples, {joined}([{part} for x, y in it])")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{refusal} of which NumPy makes no array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(refusal)
    return array


def _those_drawn(inputs: torch.Tensor | np.ndarray, drawn: torch.Tensor | None) -> torch.Tensor:
    """Return the inputs that are read; of an array in a file no other is."""
    if drawn is not None:
        inputs = inputs[drawn if isinstance(inputs, torch.Tensor) else drawn.numpy()]
    return _as_tensor(inputs)


def _as_tensor(values: torch.Tensor | np.ndarray) -> torch.Tensor:
    if isinstance(values, torch.Tensor):
        return values
    with warnings.catch_warnings():
        # PyTorch warns of arrays that may not be written to; none is here.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(np.ascontiguousarray(values))


def _kind(value: object) -> str:
    """Return what to call a value of the wrong kind in a message."""
    if isinstance(value, str | int | float) or value is None:
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"an object of {type(value).__name__}"


def _as_reading(reading: Reading | None) -> Reading:
    if reading is None:
        return Reading()
    if not isinstance(reading, Reading):
        raise TypeError(f"reading must be an infoplane.Reading, not {_kind(reading)}")
    return reading


def _check_module(module: torch.nn.Module, batch_size: int) -> None:
    require_whole("batch_size", batch_size, at_least=1)
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, not {_kind(module)}")
    if hasattr(module, "_orig_mod"):
        raise TypeError(
            "module must be the original one, whose parameters what torch.compile returns shares: "
            "hooks do not run in compiled code"
        )
    if getattr(module, "_compiled_call_impl", None) is not None:
        raise TypeError(
            "module must not be compiled in place: hooks do not run in compiled code; pass "
            "copy.deepcopy(module), which is not compiled"
        )
    for name, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            raise TypeError(
                f"module must be the original one, not what torch.jit makes of it"
                f"{f' as of its part {name!r}' if name else ''}, which takes no hooks"
            )
