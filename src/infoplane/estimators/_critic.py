"""The critic of contrastive bounds: two embeddings trained to bring matched pairs together.

Its gradients are written out: of layers as small as these automatic differentiation spends most of
its time between the products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from infoplane.compiled.threads import one_thread
from infoplane.estimators._critic_kernels import (
    adam_step,
    contrast,
    mask,
    pull_columns,
    rectify,
)

EMBEDDED_UNITS = 16
HIDDEN_UNITS = 64
LEARNING_RATE = 1e-3


def parameters_of(features: int) -> int:
    """Return how many parameters an embedding has."""
    return (features + 1) * (EMBEDDED_UNITS + HIDDEN_UNITS) + (HIDDEN_UNITS + 1) * EMBEDDED_UNITS


class Layers:
    """View a vector of parameters, or of their gradients, as the layers of an embedding.

    Attributes
    ----------
    below, below_biases : tensors, shapes (16 + 64, features), (16 + 64,)
        Of the linear map and the hidden layer, which see the same features.
    output, output_biases : tensors, shapes (16, 64), (16,)
    """

    def __init__(self, vector: torch.Tensor, features: int):
        units = EMBEDDED_UNITS + HIDDEN_UNITS
        sizes = (units * features, units, EMBEDDED_UNITS * HIDDEN_UNITS, EMBEDDED_UNITS)
        below, self.below_biases, output, self.output_biases = vector.split(sizes)
        self.below = below.view(units, features)
        self.output = output.view(EMBEDDED_UNITS, HIDDEN_UNITS)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw weights and biases, uniform up to one over the root of a layer's inputs."""
        parts = slice(EMBEDDED_UNITS), slice(EMBEDDED_UNITS, None)
        layers = [(self.below[part], self.below_biases[part]) for part in parts]
        for weights, biases in (*layers, (self.output, self.output_biases)):
            limit = weights.shape[1] ** -0.5
            for values in (weights, biases):
                values.uniform_(-limit, limit, generator=generator)


class Embedding:
    """Map features by a linear map plus a network with one hidden layer, and differentiate it.

    Parameters
    ----------
    parameters, gradients : tensors of float32, shape (parameters,)
    features : int
    batch_size : int
        Samples that are mapped at a time.

    Attributes
    ----------
    inputs : tensor of float32, shape (batch_size, features)
        To be set before a pass.
    embedded, slopes : tensors of float32, shape (batch_size, 16)
        What the inputs are mapped to, and the loss's slopes there, to be set before going back.
    """

    def __init__(
        self, parameters: torch.Tensor, gradients: torch.Tensor, features: int, batch_size: int
    ):
        self.layers, self._gradients = (Layers(v, features) for v in (parameters, gradients))
        self.inputs = torch.empty(batch_size, features)
        self.embedded, self.slopes, self._linear = torch.empty(3, batch_size, EMBEDDED_UNITS)
        self._hidden, self._hidden_slopes = torch.empty(2, batch_size, HIDDEN_UNITS)
        self._below, self._below_slopes = torch.empty(2, batch_size, EMBEDDED_UNITS + HIDDEN_UNITS)
        self._forward = _arrays(self._below, self.layers.output_biases, self._linear, self._hidden)
        self._backward = _arrays(
            *(self.slopes, self._hidden_slopes, self._hidden, self._below_slopes),
            *(self._gradients.below_biases, self._gradients.output_biases),
        )

    def forward(self) -> None:
        """Map the inputs."""
        layers = self.layers
        torch.addmm(layers.below_biases, self.inputs, layers.below.t(), out=self._below)
        rectify(*self._forward)
        torch.addmm(self._linear, self._hidden, layers.output.t(), out=self.embedded)

    def backward(self) -> None:
        """Write the gradients, from the slopes in what the inputs were mapped to."""
        torch.mm(self.slopes, self.layers.output, out=self._hidden_slopes)
        torch.mm(self.slopes.t(), self._hidden, out=self._gradients.output)
        mask(*self._backward)
        torch.mm(self._below_slopes.t(), self.inputs, out=self._gradients.below)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Map any number of samples, arrays of float64."""
        layers, inputs = self.layers, torch.from_numpy(features.astype(np.float32))
        below = torch.addmm(layers.below_biases, inputs, layers.below.t())
        linear, hidden = below.split((EMBEDDED_UNITS, HIDDEN_UNITS), dim=1)
        deep = torch.addmm(layers.output_biases, hidden.relu(), layers.output.t())
        return (linear + deep).double().numpy()


def _arrays(*tensors: torch.Tensor) -> list[np.ndarray]:
    """Return the same memory as arrays."""
    return [tensor.numpy() for tensor in tensors]


@one_thread()
def train_critic(
    first: np.ndarray, second: np.ndarray, batch_size: int, steps: int, seed: int
) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Train two embeddings whose squared distance is least for matched pairs.

    Parameters
    ----------
    first, second : arrays of float64, shape (samples, features)
        Standardised, paired.
    batch_size : int
        At most the samples.
    steps : int
        Of Adam on the contrastive loss of a batch.
    seed : int

    Returns
    -------
    embed : callable
        From pairs of arrays to their embeddings, arrays of float64 of shape (pairs, 16).
    """
    generator = torch.Generator().manual_seed(seed)
    features = [values.shape[1] for values in (first, second)]
    sizes = [parameters_of(number) for number in features]
    parameters, gradients, *moments = torch.zeros(4, sum(sizes))
    left, right = (
        Embedding(*vectors, number, batch_size)
        for *vectors, number in zip(
            parameters.split(sizes), gradients.split(sizes), features, strict=True
        )
    )
    for side in (left, right):
        side.layers.initialise(generator)
    samples = [torch.from_numpy(values.astype(np.float32)) for values in (first, second)]
    pull = Pull(left, right)
    step_of_adam = _arrays(parameters, gradients, *moments)
    for step in range(1, steps + 1):
        batch = torch.randperm(len(first), generator=generator)[:batch_size]
        for side, values in zip((left, right), samples, strict=True):
            torch.index_select(values, 0, batch, out=side.inputs)
            side.forward()
        pull()
        left.backward()
        right.backward()
        adam_step(*step_of_adam, step, LEARNING_RATE)

    @one_thread()
    def embed(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return left(first), right(second)

    return embed


class Pull:
    """Set the slopes of the contrastive loss in two embeddings of one batch."""

    def __init__(self, left: Embedding, right: Embedding):
        self._left, self._right = left, right
        pairs = len(left.inputs)
        self._products, totals = torch.empty(pairs, pairs), torch.empty(pairs)
        self._contrast = _arrays(self._products, left.embedded, totals)
        self._columns = _arrays(left.embedded, totals, left.slopes)

    def __call__(self) -> None:
        left, right, products = self._left, self._right, self._products
        torch.mm(right.embedded, left.embedded.t(), out=products)
        contrast(*self._contrast)
        torch.mm(products, left.embedded, out=right.slopes)
        torch.mm(products.t(), right.embedded, out=left.slopes)
        pull_columns(*self._columns)
