"""Stacks of one size for the PyTorch engines, so that no network depends on its company."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoplane.compiled.threads import one_thread
from infoplane.networks import Network
from infoplane.training.records import Optimizer

# Of the networks of the study, 50 in one stack are a fifth faster, but a chunk has fewer.
STACK = 10
# Near 100,000 parameters a stack of ten is still a fifth faster than one network after another.
LARGEST_STACKED = 100_000


class FixedStacks:
    """Train any number of networks in stacks of one size, each at its own place in its stack.

    Parameters
    ----------
    engine_class : type
        `TorchEngine` or one of its subclasses; trains one stack.
    initialisations : sequence of int
        The networks' indices.
    network, optimizer, inputs, labels, training_samples, order_seeds, parameters, device
        As for `TorchEngine`; the arrays have one row per initialisation.

    Notes
    -----
    PyTorch rounds a number by where it stands: by the shape of its tensor (the end of a tensor
    does not fill a vector register and takes other instructions), by the alignment of the memory
    and by how threads share the work. Here a stack always has `stack_size` places, a network's
    place is its index modulo that number, empty places hold a copy of a network of the stack, and
    there is one thread. So a network's numbers are the same bit for bit whatever other networks
    there are and in whatever order. They depend on the processor and on PyTorch's version; on a
    GPU none of this has been tried.
    """

    def __init__(
        self,
        engine_class: type,
        initialisations: Sequence[int],
        network: Network,
        optimizer: Optimizer,
        inputs: np.ndarray,
        labels: np.ndarray,
        training_samples: np.ndarray,
        order_seeds: np.ndarray,
        parameters: np.ndarray,
        device: str = "cpu",
    ):
        self._shape = parameters.shape
        self._stacks = []
        for members in stack_members(initialisations, stack_size(network)):
            rows = np.where(members < 0, members.max(), members)
            per_network = (training_samples[rows], order_seeds[rows], parameters[rows])
            stack = engine_class(network, optimizer, inputs, labels, *per_network, device=device)
            self._stacks.append((members, stack))

    @property
    def parameters(self) -> np.ndarray:
        """Return the current parameters, shape (inits, parameters)."""
        parameters = np.empty(self._shape, dtype=np.float32)
        for members, stack in self._stacks:
            taken = members >= 0
            parameters[members[taken]] = stack.parameters[taken]
        return parameters

    def advance(self, first_epoch: int, last_epoch: int) -> None:
        """Train the epochs from `first_epoch` up to, not including, `last_epoch`."""
        with one_thread():
            for _, stack in self._stacks:
                stack.advance(first_epoch, last_epoch)


def stack_size(network: Network) -> int:
    """Return how many such networks train together.

    Large networks train one by one: a stack would not make them faster, and empty places would
    cost much.
    """
    return STACK if network.parameter_count <= LARGEST_STACKED else 1


def stack_members(initialisations: Sequence[int], size: int) -> list[np.ndarray]:
    """Give each network the place of its index modulo `size`, in the first stack where it is free.

    Parameters
    ----------
    initialisations : sequence of int
    size : int

    Returns
    -------
    stacks : list of array of int64, shape (size,)
        Which of the networks stands at each place; -1 where none does.
    """
    stacks: list[np.ndarray] = []
    for network, initialisation in enumerate(initialisations):
        place = initialisation % size
        stack = next((stack for stack in stacks if stack[place] < 0), None)
        if stack is None:
            stack = np.full(size, -1)
            stacks.append(stack)
        stack[place] = network
    return stacks
