"""A stack of beta-VAEs, trained together; they differ in beta alone.

Each tensor has the networks along its first axis; they share batches, initial weights and noise.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

from infoplane.models._dropout_stack import dense, descend, torch_generator
from infoplane.models.base import Model


class VaeStack:
    """Hold networks that differ in beta.

    Parameters
    ----------
    model : Model
        A `BetaVaeModel`: what is the same for all.
    inputs : array of float32, shape (images, pixels)
        From 0 to 1.
    init : int
        The initialisation that they share.
    """

    def __init__(self, model: Model, inputs: np.ndarray, init: int):
        self._model, self._inputs = model, torch.from_numpy(inputs)
        self._betas = torch.tensor(model.betas, dtype=torch.float32)
        self._noise = torch_generator(model.generator(init, "noise"))
        draws, shape = model.generator(init, "weights"), (len(model.betas),)
        down = (inputs.shape[1], *model.hidden)
        self._encoder = [dense(shape, *pair, draws) for pair in itertools.pairwise(down)]
        self._mean, self._rate = (dense(shape, down[-1], model.latent, draws) for _ in range(2))
        up = (model.latent, *down[::-1])
        self._decoder = [dense(shape, *pair, draws) for pair in itertools.pairwise(up)]

    def train(self, generator: np.random.Generator) -> None:
        """Take all steps; the generator is of the batches."""
        layers = (*self._encoder, self._mean, self._rate, *self._decoder)

        def losses() -> torch.Tensor:
            size = self._model.batch_size
            chosen = generator.integers(len(self._inputs), size=size)
            images = self._inputs[torch.from_numpy(chosen)]
            mean, rate = self._encoded(images)
            normal = torch.randn(mean.shape[1:], generator=self._noise)
            lost = self._lost(mean + rate.exp() * normal, images)
            paid = ((mean**2 + (2 * rate).exp() - 1) / 2 - rate).sum(dim=2)
            return lost.mean(dim=1) + self._betas * paid.mean(dim=1)

        descend(list(itertools.chain(*layers)), losses, self._model)

    def codes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what the networks make of all images.

        Returns
        -------
        means, deviations : array of float64, shape (networks, images, parts)
        lost : array of float64, shape (networks,)
            Cross-entropy of an image's pixels in nats, mean, with noise.
        """
        with torch.no_grad():
            mean, rate = self._encoded(self._inputs)
            normal = torch.randn(mean.shape[1:], generator=self._noise)
            lost = self._lost(mean + rate.exp() * normal, self._inputs).mean(dim=1)
            return mean.double().numpy(), rate.double().exp().numpy(), lost.double().numpy()

    def _encoded(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return means and logarithms of deviations, (networks, images, parts)."""
        values = images[None]
        for weights, biases in self._encoder:
            values = (values @ weights + biases).tanh()
        return tuple(values @ weights + biases for weights, biases in (self._mean, self._rate))

    def _lost(self, values: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of each image's pixels, (networks, images)."""
        *hidden, (last, offsets) = self._decoder
        for weights, biases in hidden:
            values = (values @ weights + biases).tanh()
        net = values @ last + offsets
        wanted = images.expand(len(net), *images.shape)
        each = torch.nn.functional.binary_cross_entropy_with_logits(net, wanted, reduction="none")
        return each.sum(dim=2)
