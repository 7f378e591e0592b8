"""Small transformers: tokens that attend to each other, then feed forward (Vaswani et al. 2017)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from infoplane.checks import require_whole
from infoplane.networks.base import check_choice, whole_numbers
from infoplane.networks.functions import ACTIVATIONS
from infoplane.networks.initial import INITIAL_WEIGHTS
from infoplane.networks.modules import ModuleNetwork

REPRESENTATIONS = ("tokens", "mean")
"""What a layer's representation is: the numbers of all tokens, or their mean over tokens."""


@dataclass(frozen=True)
class Transformer(ModuleNetwork):
    """Describe an encoder whose tokens are the numbers of an input, one each.

    A token is its number times a vector, plus a vector of its place. Each block is two layers, of
    one head of attention and of two dense layers for each token, both added to what they receive
    and, with `layer_norm`, normalised afterwards. The output reads the mean over tokens.

    Attributes
    ----------
    input_shape : tuple of int
        Tokens.
    blocks : int
    width : int
        Numbers that a token is.
    feed_forward : int
        Units between the two dense layers of a block.
    outputs : int
        Classes.
    layer_norm : bool
        Whether each layer's tokens are shifted and scaled to mean 0 and variance 1, and then by
        learnt numbers (Ba, Kiros & Hinton 2016): however large the weights, a token is then not.
    activation : str
        Between the two dense layers of a block, one of `ACTIVATIONS`.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.
    representation : str
        What of a hidden layer is measured, one of `REPRESENTATIONS`. The mean is what the output
        reads of the last one. Means of layers are no Markov chain: attention reads tokens, not
        their mean, so that the mean of a later layer can tell more of the input.
    """

    name = "transformer"
    only_measured = ("representation",)

    # `field()`: a value of the base class would else count as the default.
    input_shape: tuple[int, ...] = field()
    blocks: int
    width: int
    feed_forward: int
    outputs: int
    layer_norm: bool
    activation: str = field()
    initial_weights: str
    representation: str = "tokens"

    def __post_init__(self):
        object.__setattr__(self, "input_shape", whole_numbers(self.input_shape))
        if len(self.input_shape) != 1 or self.input_shape[0] < 2:
            raise ValueError(f"input_shape must be a number of tokens, not {self.input_shape}")
        for name in ("blocks", "width", "feed_forward"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("outputs", self.outputs, at_least=2)
        if not isinstance(self.layer_norm, bool):
            raise ValueError(f"layer_norm must be true or false, not {self.layer_norm!r}")
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        check_choice("representation", self.representation, REPRESENTATIONS)

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L, those of all tokens or of their mean."""
        tokens = self.input_shape[0] if self.representation == "tokens" else 1
        return (tokens * self.width,) * (1 + 2 * self.blocks) + (self.outputs,)

    def represented(self, layer: int, rows: np.ndarray) -> np.ndarray:
        """Return a layer's tokens, or their mean."""
        if self.representation == "tokens":
            return rows
        return rows.reshape(*self.input_shape, self.width, -1).mean(axis=0)

    @property
    def parameter_count(self) -> int:
        """Return the number of weights and biases."""
        width, hidden, norm = self.width, self.feed_forward, 2 * self.width * self.layer_norm
        embedding = (2 + self.input_shape[0]) * width
        attention = 4 * (width + 1) * width + norm
        feed_forward = (width + 1) * hidden + (hidden + 1) * width + norm
        return embedding + self.blocks * (attention + feed_forward) + (width + 1) * self.outputs

    def build(self):
        """Make the `torch.nn.Module`; each child is a layer."""
        from torch import nn

        from infoplane.networks._torch_functions import Activation

        width, tokens = self.width, self.input_shape[0]

        def normalisation():
            return nn.LayerNorm(width) if self.layer_norm else nn.Identity()

        class Embedding(nn.Module):
            def __init__(self):
                super().__init__()
                self.value = nn.Linear(1, width)
                self.place = nn.Embedding(tokens, width)

            def forward(self, numbers):
                return self.value(numbers.unsqueeze(-1)) + self.place.weight

        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.query, self.key, self.value, self.out = (
                    nn.Linear(width, width) for _ in range(4)
                )
                self.norm = normalisation()

            def forward(self, below):
                scores = self.query(below) @ self.key(below).transpose(-1, -2) / width**0.5
                return self.norm(below + self.out(scores.softmax(dim=-1) @ self.value(below)))

        class FeedForward(nn.Module):
            def __init__(self, hidden, activation):
                super().__init__()
                self.parts = nn.Sequential(
                    nn.Linear(width, hidden), Activation(activation), nn.Linear(hidden, width)
                )
                self.norm = normalisation()

            def forward(self, below):
                return self.norm(below + self.parts(below))

        class Output(nn.Linear):
            def forward(self, below):
                return super().forward(below.mean(dim=-2))

        layers = OrderedDict(embedding=Embedding())
        for number in range(1, self.blocks + 1):
            layers[f"attention_{number}"] = Attention()
            layers[f"feed_forward_{number}"] = FeedForward(self.feed_forward, self.activation)
        layers["output"] = Output(width, self.outputs)
        return nn.Sequential(layers)
