"""Which engine trains a network, and on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from infoplane.networks import Network
from infoplane.training.records import Optimizer

ENGINES = ("auto", "fused", "torch")
DEVICES = ("auto", "cpu", "cuda")


def engine_classes(engine: str) -> Iterator[type]:
    """Yield the classes behind an engine's name; each is imported when it is its turn.

    A class trains a stack of networks. Its ``supports(network, optimizer)`` says whether it knows
    how; the first one that does is taken.
    """
    if engine == "fused":
        from infoplane.training.fused.engine import FusedEngine

        yield FusedEngine
        from infoplane.training.fused.channel_engine import ChannelEngine

        yield ChannelEngine
        from infoplane.training.fused.block_engine import BlockEngine

        yield BlockEngine
    else:
        from infoplane.training.torch.large import LargeDenseEngine

        yield LargeDenseEngine
        from infoplane.training.torch.dense import DenseTorchEngine

        yield DenseTorchEngine
        from infoplane.training.torch.noisy import NoisyTorchEngine

        yield NoisyTorchEngine
        from infoplane.training.torch.gaussian_dropout import GaussianDropoutTorchEngine

        yield GaussianDropoutTorchEngine
        from infoplane.training.torch.quantised import QuantisedTorchEngine

        yield QuantisedTorchEngine
        from infoplane.training.torch.lone_module import LoneModuleEngine

        yield LoneModuleEngine
        from infoplane.training.torch.modules import ModuleTorchEngine

        yield ModuleTorchEngine


def choose_engine(
    engine: str, device: str, network: Network, optimizer: Optimizer
) -> tuple[str, str]:
    """Return the engine and device that serve a network and its optimiser.

    Parameters
    ----------
    engine, device : str
        What was asked for, possibly ``"auto"``.
    network : Network
    optimizer : Optimizer

    Returns
    -------
    engine, device : tuple of str

    Raises
    ------
    ValueError
        If what was asked for does not exist or cannot train such networks.
    """
    for name, value, allowed in (("engine", engine, ENGINES), ("device", device, DEVICES)):
        if value not in allowed:
            raise ValueError(f"{name} {value!r} is not one of: {', '.join(allowed)}")
    if engine != "torch":
        if device != "cuda" and _class_for("fused", network, optimizer):
            return "fused", "cpu"
        if engine == "fused":
            raise ValueError(
                f"the fused engine serves neither a GPU nor such networks: device {device!r}, "
                f"{network}, {optimizer}"
            )
    if _class_for("torch", network, optimizer) is None:
        raise ValueError(f"no engine trains {network} by {optimizer}")
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ValueError("device 'cuda' was asked for, but PyTorch sees no GPU")
    return "torch", ("cuda" if available else "cpu") if device == "auto" else device


def make_engine(
    engine: str,
    device: str,
    network: Network,
    optimizer: Optimizer,
    initialisations: Sequence[int],
    problem: tuple[np.ndarray, ...],
):
    """Make the engine that trains a stack of networks.

    Parameters
    ----------
    engine, device : str
        As from `choose_engine`.
    network : Network
    optimizer : Optimizer
    initialisations : sequence of int
        The networks' indices.
    problem : tuple of array
        Inputs, labels, training samples, order seeds and initial parameters.

    Returns
    -------
    object
        With ``advance(first_epoch, last_epoch)`` and ``parameters``.
    """
    engine_class = _class_for(engine, network, optimizer)
    if engine == "fused":
        return engine_class(network, optimizer, *problem)
    from infoplane.training.torch.fixed_stacks import FixedStacks

    return FixedStacks(engine_class, initialisations, network, optimizer, *problem, device=device)


def _class_for(engine: str, network: Network, optimizer: Optimizer) -> type | None:
    supporting = (one for one in engine_classes(engine) if one.supports(network, optimizer))
    return next(supporting, None)
