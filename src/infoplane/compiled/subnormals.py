"""Numbers so small that processors compute with them many times as slowly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def are_flushed() -> bool:
    """Return whether this thread's arithmetic takes subnormal numbers for zero."""
    smallest = np.finfo(np.float32).tiny
    return bool(np.array([smallest]) * np.float32(0.5) == 0)


@contextmanager
def flushed_subnormals() -> Iterator[None]:
    """Take subnormal numbers for zero; restore afterwards.

    Units that have died and samples that are learnt leave gradients and moments of optimisers
    below 1.2e-38, and an epoch of a ReLU network takes more than three times as long. Where the
    processor has no such mode, nothing changes.
    """
    # Late: whoever describes a training need not have what trains.
    import torch

    flushed = are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
