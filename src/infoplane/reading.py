"""Which samples and units of a module's layers are read, and how much memory they may take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from infoplane.checks import require_choice, require_whole

POOLINGS = (None, "mean", "max")
GIGABYTE = 10**9


@dataclass(frozen=True)
class Reading:
    """Say what of a module's layers `infoplane.plane.information_plane` measures.

    Attributes
    ----------
    samples : int, optional
        How many inputs to draw; by default all are taken.
    pooling : {None, "mean", "max"}
        What of a channel is a unit: each of its positions, or its mean or largest value over all of
        them. Channels are the second axis, as in PyTorch's convolutions; layers of two axes have
        none and stay as they are.
    units : int, optional
        How many of a layer's units to draw if it has more: the same at every call. I(X;T) of some
        units is at most that of all.
    seed : int
        Of both draws.
    memory_bytes : int
        The most that layers' values take at a time, with what an estimator copies of the one that
        it is given (`Estimator.working_bytes`). Layers that do not fit together are measured one
        after the other, each with a forward pass of its own; one that does not fit alone is left
        out with a warning. A batch in a forward pass has what is left, at least a sixteenth.

    Raises
    ------
    ValueError
        If a number is not above 0 (the seed: below 0), or the pooling is none.
    """

    samples: int | None = None
    pooling: str | None = None
    units: int | None = None
    seed: int = 0
    memory_bytes: int = 2 * GIGABYTE

    def __post_init__(self) -> None:
        for name in ("samples", "units"):
            if getattr(self, name) is not None:
                require_whole(name, getattr(self, name), at_least=1)
        require_whole("seed", self.seed, at_least=0)
        require_whole("memory_bytes", self.memory_bytes, at_least=1)
        require_choice("pooling", self.pooling, POOLINGS)

    def drawn(self, count: int) -> torch.Tensor | None:
        """Return which of so many samples are read, in their order; None if all are.

        Raises
        ------
        ValueError
            If there are fewer than are to be drawn.
        """
        if self.samples is None:
            return None
        if self.samples > count:
            raise ValueError(f"samples must be at most the {count} there are, not {self.samples}")
        return _drawn(count, self.samples, self.seed)

    def of_output(self, output: torch.Tensor) -> torch.Tensor:
        """Return the units of a layer that are read.

        Parameters
        ----------
        output : tensor, shape (samples, ...)

        Returns
        -------
        units : tensor, shape (samples, units)
            A view of the output where that is possible.
        """
        if output.dtype in (torch.float16, torch.bfloat16):
            output = output.float()
        if self.pooling is not None and output.ndim > 2 and output.is_floating_point():
            channels = output.flatten(2)
            output = channels.mean(2) if self.pooling == "mean" else channels.amax(2)
        units = output.reshape(len(output), -1)
        if self.units is None or units.shape[1] <= self.units:
            return units
        return units[:, _drawn(units.shape[1], self.units, self.seed)]


@lru_cache(maxsize=64)
def _drawn(count: int, wanted: int, seed: int) -> torch.Tensor:
    chosen = np.random.default_rng(seed).choice(count, wanted, replace=False)
    return torch.from_numpy(np.sort(chosen))
