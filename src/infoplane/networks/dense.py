"""Fully connected networks as plain arrays: parameters, initial weights, forward pass.

The parameters of one network are one float32 vector, layer after layer: the weights, row-major
with shape (units, units of the layer below), then the biases. A stack of networks is a matrix
with one row per initialisation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from infoplane.networks.base import Network, check_choice, whole_numbers
from infoplane.networks.functions import (
    ACTIVATION_FUNCTIONS,
    ACTIVATIONS,
    OUTPUT_FUNCTIONS,
    OUTPUTS,
)
from infoplane.networks.initial import INITIAL_WEIGHTS, initial_layer


@dataclass(frozen=True)
class Dense(Network):
    """Describe a chain of fully connected layers, T_l = f(W_l T_{l-1} + b_l).

    Inputs of more than one axis are flattened.

    Attributes
    ----------
    widths : tuple of int
        Units of every layer from the input to the output, such as (12, 10, 7, 5, 4, 3, 2).
    activation : str
        Nonlinearity of all hidden layers, one of `ACTIVATIONS`.
    output : str
        One of `OUTPUTS`; see `Network`.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`; see `initial_layer`.
    """

    name = "dense"

    # `field()`: a value of the base class would else count as the default.
    widths: tuple[int, ...] = field()
    activation: str = field()
    output: str = field()
    initial_weights: str

    def __post_init__(self):
        object.__setattr__(self, "widths", whole_numbers(self.widths))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("output", self.output, OUTPUTS)
        check_choice("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise ValueError(f"widths must name at least two layers of units, not {self.widths}")
        if self.output == "tanh" and self.widths[-1] != 1:
            raise ValueError(f"output tanh is one unit, and widths end with {self.widths[-1]}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input when flattened."""
        return self.widths[:1]

    @property
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L."""
        return self.widths[1:]

    @property
    def parameter_count(self) -> int:
        """Return the number of weights and biases."""
        return parameter_count(self.widths)

    def initial_parameters(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the parameters before training; see `Network`."""
        return initial_parameters(self.widths, self.initial_weights, generator)

    def weights(self, parameters: np.ndarray) -> list[np.ndarray]:
        """View the weights of each layer; see `Network`."""
        return [weights for weights, _ in split_parameters(parameters, self.widths)]

    def unit_rows(
        self, parameters: np.ndarray, inputs: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield what each layer receives and gives; see `Network`.

        NumPy adds and multiplies along thousands of samples faster than along few units.
        """
        values = inputs.reshape(len(inputs), -1).T
        for number, (weights, biases) in enumerate(split_parameters(parameters, self.widths), 1):
            net = weights @ values
            net += biases[:, None]
            values = self.layer_activation(net, number)
            yield net, values

    def layer_activation(self, net: np.ndarray, layer: int) -> np.ndarray:
        """Apply a layer's own nonlinearity to its net input.

        Parameters
        ----------
        net : array of float, shape (units, samples)
        layer : int
            1 .. L; the last one gives class probabilities, or what `output` says.

        Returns
        -------
        activations : array of float, shape (units, samples)
        """
        if layer < self.layers:
            return ACTIVATION_FUNCTIONS[self.activation](net)
        return OUTPUT_FUNCTIONS[self.output](net)

    def check_inputs(self, input_shape: tuple[int, ...]) -> None:
        """Refuse inputs that have not one number for each unit of the input layer."""
        if math.prod(input_shape) != self.widths[0]:
            raise ValueError(
                f"inputs of shape {tuple(input_shape)} do not fit an input layer of "
                f"{self.widths[0]}"
            )


def parameter_count(widths: tuple[int, ...]) -> int:
    """Return the number of weights and biases of a network with these layer widths."""
    return sum((below + 1) * above for below, above in itertools.pairwise(widths))


def split_parameters(
    parameters: np.ndarray, widths: tuple[int, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """View a parameter vector as the weights and biases of each layer.

    Parameters
    ----------
    parameters : array, shape (..., parameter_count(widths))
        One vector, or any stack of them.
    widths : tuple of int
        Units of every layer from the input to the output.

    Returns
    -------
    layers : list of (weights, biases)
        Views, shapes (..., units, units below) and (..., units).
    """
    if parameters.shape[-1] != parameter_count(widths):
        raise ValueError(
            f"widths {widths} need {parameter_count(widths)} parameters, not {parameters.shape[-1]}"
        )
    stack = parameters.shape[:-1]
    layers, start = [], 0
    for below, above in itertools.pairwise(widths):
        middle, end = start + above * below, start + above * (below + 1)
        weights = parameters[..., start:middle].reshape(*stack, above, below)
        layers.append((weights, parameters[..., middle:end]))
        start = end
    return layers


def initial_parameters(
    widths: tuple[int, ...], distribution: str, generator: np.random.Generator
) -> np.ndarray:
    """Draw the initial parameters of one network.

    Parameters
    ----------
    widths : tuple of int
        Units of every layer from the input to the output.
    distribution : str
        One of `INITIAL_WEIGHTS`; see `initial_layer`.
    generator : numpy.random.Generator

    Returns
    -------
    parameters : array of float32, shape (parameter_count(widths),)
    """
    parts = [
        initial_layer((above, below), distribution, generator)
        for below, above in itertools.pairwise(widths)
    ]
    return np.concatenate(parts).astype(np.float32)
