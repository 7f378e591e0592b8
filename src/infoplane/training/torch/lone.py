"""What engines have in common that train one large network at a time."""

from __future__ import annotations

from abc import abstractmethod

import torch

from infoplane.networks import Network
from infoplane.training.records import Optimizer
from infoplane.training.torch.engine import TorchEngine
from infoplane.training.torch.fixed_stacks import stack_size

KNOWN = {
    *("optimizer", "learning_rate", "batch_size", "batches_per_epoch", "weight_decay"),
    "adam_epsilon",
}


class LoneEngine(TorchEngine):
    """Train one network, with few passes through the memory beside its products.

    A batch is gathered into memory that is kept for it, all gradients stand in one vector, and a
    step of Adam takes one pass.
    """

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        if len(self._parameters) != 1:
            raise ValueError(f"large networks train one by one, not {len(self._parameters)}")
        self._gradients = torch.zeros_like(self._parameters)
        by = self._optimizer
        if by.optimizer == "adam" and by.adam_epsilon == "after_correction":
            self._adam = torch.optim.Adam([self._parameters], lr=by.learning_rate, fused=True)
            self._parameters.grad = self._gradients
        else:
            self._adam = None
        count = self._samples.shape[1]
        size = count if by.batch_size is None else min(by.batch_size, count)
        self._room = tuple(kept.new_empty(size, *kept.shape[1:]) for kept in self._data)

    @property
    def _data(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self._inputs, self._targets

    @staticmethod
    def is_lone(network: Network, optimizer: Optimizer) -> bool:
        """Return whether such a network trains alone, by an optimiser that is known here."""
        return stack_size(network) == 1 and optimizer.is_default_but_for(KNOWN)

    @abstractmethod
    def _differentiate(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Set the gradients of the mean loss.

        Parameters
        ----------
        inputs : tensor of float32, shape (batch, ...)
        targets : tensor of float32, shape (batch, classes)
        """

    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the gradient; see `TorchEngine`."""
        self._differentiate(inputs[0], targets[0])
        return self._gradients

    def _gathered(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs and targets of a batch, in the same memory for all of them."""
        for room, kept in zip(self._room, self._data, strict=True):
            torch.index_select(kept, 0, samples, out=room[: len(samples)])
        inputs, targets = self._room
        return inputs[: len(samples)], targets[: len(samples)]

    def _step(self, batch: torch.Tensor) -> None:
        self._differentiate(*self._gathered(batch[0]))
        by = self._optimizer
        if by.weight_decay:
            self._gradients.addcmul_(self._is_weight, self._parameters, value=by.weight_decay)
        if self._adam is not None:
            self._adam.step()
        elif by.optimizer == "sgd":
            self._parameters.add_(self._gradients, alpha=-by.learning_rate)
        else:
            self._parameters -= self._update(self._gradients)
