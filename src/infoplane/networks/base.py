"""What a network is: parameters as one vector, and what each layer gives for an input."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Network(ABC):
    """Describe a network; its parameters, one float32 vector, are kept apart.

    Whoever trains or measures networks asks what follows, never which member of the family it has.

    Attributes
    ----------
    name : str
        The member's name in the configuration.
    output : str
        ``"softmax"`` with cross-entropy; ``"sigmoid"``: independent sigmoid units with binary
        cross-entropy against the one-hot label, averaged over the units; ``"tanh"``: one unit
        with the squared error against -1 or 1, for two classes; or ``"softmax_squared"``: softmax
        with the squared error against the one-hot label, averaged over the units.
    widths : tuple of int or None
        Units of every layer from the input to the output, where each is fully connected to the
        one below; None in networks of another build.
    activation : str
        Name of the hidden layers' nonlinearity, "" where they have not one alone.
    quantisation_bits : int or None
        Bits of quantised weights and activations; None leaves them in floating point.
    noise_standard_deviation : float
        Of the Gaussian noise on every hidden unit while training; 0 is none.
    relative_noise : float
        Standard deviation of the Gaussian noise that every hidden unit is multiplied by while
        training, about 1; 0 is none.
    tells_net_inputs : bool
        Whether every layer has net inputs, one for each of its units.
    invertible_layers : int
        How many layers, from the first on, `inputs_from` can invert.
    only_measured : tuple of str
        Parameters of the member, each with a default, that say what of layers is measured and have
        no part in training.
    """

    name: ClassVar[str]
    # What most networks are not or have not. Without annotations: they are no parameters here.
    output = "softmax"
    widths = None
    activation = ""
    quantisation_bits = None
    noise_standard_deviation = 0.0
    relative_noise = 0.0
    tells_net_inputs = True
    invertible_layers = 0
    only_measured = ()

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""

    @property
    @abstractmethod
    def units(self) -> tuple[int, ...]:
        """Return the number of units of layers 1 .. L; channels and positions are units."""

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Return the number of weights and biases."""

    @property
    def layers(self) -> int:
        """Return the number of layers, hidden ones and the output."""
        return len(self.units)

    @property
    def classes(self) -> int:
        """Return the number of classes: of output units, or two that a single unit tells apart."""
        return 2 if self.output == "tanh" else self.units[-1]

    @property
    def is_plain(self) -> bool:
        """Return whether layers are smooth functions of the input: no noise, no rounding.

        Only then are there gradients to take statistics of.
        """
        noise = self.noise_standard_deviation, self.relative_noise
        return self.quantisation_bits is None and noise == (0, 0)

    @property
    def as_trained(self) -> Network:
        """Return the network with `only_measured` at defaults: it has the same parameters."""
        own = (field for field in fields(self) if field.name in self.only_measured)
        return replace(self, **{field.name: field.default for field in own})

    @abstractmethod
    def initial_parameters(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the parameters before training.

        Parameters
        ----------
        generator : numpy.random.Generator

        Returns
        -------
        parameters : array of float32, shape (parameter_count,)
        """

    @abstractmethod
    def weights(self, parameters: np.ndarray) -> list[np.ndarray]:
        """View the weights, without biases, of each layer 1 .. L.

        Parameters
        ----------
        parameters : array, shape (..., parameter_count)
            One vector, or any stack of them; what is written to the views is written there.

        Returns
        -------
        weights : list of array, shape (..., units, units below, ...)
        """

    @abstractmethod
    def unit_rows(
        self, parameters: np.ndarray, inputs: np.ndarray
    ) -> Iterator[tuple[np.ndarray | None, np.ndarray]]:
        """Yield what each layer receives and gives, a row per unit.

        Parameters
        ----------
        parameters : array of float32, shape (parameter_count,)
        inputs : array of float32, shape (samples, ...)

        Yields
        ------
        net_input, activations : arrays of float32, shape (units, samples)
            Of layer 1 .. L. The output layer's activations are class probabilities. The net input
            of a hidden layer is None where a network does not tell it.
        """

    def net_inputs_and_activations(
        self, parameters: np.ndarray, inputs: np.ndarray
    ) -> tuple[list[np.ndarray | None], list[np.ndarray]]:
        """Return what each layer receives and gives for every sample.

        Parameters
        ----------
        parameters, inputs
            As for `unit_rows`.

        Returns
        -------
        net_inputs, activations : lists of arrays of float32, shape (samples, units)
            One pair per layer 1 .. L, as from `unit_rows`.
        """
        net_inputs, activations = [], []
        for net, values in self.unit_rows(parameters, inputs):
            net_inputs.append(None if net is None else net.T)
            activations.append(np.ascontiguousarray(values.T))
        return net_inputs, activations

    def net_input_rows(self, parameters: np.ndarray, inputs: np.ndarray) -> Iterator[np.ndarray]:
        """Yield what each layer receives, a row per unit, computed in double precision.

        In single precision patterns that only saturated units tell apart would be one above them:
        tanh is 1 from 9.01 on, in double precision from 19.06.

        Parameters
        ----------
        parameters, inputs
            As for `unit_rows`.

        Yields
        ------
        net_input : array of float64, shape (units, samples)
            Of layer 1 .. L.

        Raises
        ------
        ValueError
            If the network does not tell its net inputs.
        """
        if not self.tells_net_inputs:
            raise ValueError(f"networks of kind {self.name!r} do not tell their net inputs")
        double = (np.asarray(part, dtype=np.float64) for part in (parameters, inputs))
        for net, _ in self.unit_rows(*double):
            yield net.astype(np.float64, copy=False)

    def inputs_from(self, layer: int, values: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Return the inputs for which a layer gives these values.

        Parameters
        ----------
        layer : int
            1 .. `invertible_layers`.
        values : array of float, shape (samples, units)
        parameters : array, shape (parameter_count,)
            Of the same precision.

        Returns
        -------
        inputs : array, shape (samples, ...)
            In that precision.

        Raises
        ------
        ValueError
            If the network has no layer that can be inverted.
        """
        raise ValueError(f"networks of kind {self.name!r} have no layer that can be inverted")

    def check_task(self, input_shape: tuple[int, ...], classes: int) -> None:
        """Refuse a task whose inputs or classes the network is not made for.

        Parameters
        ----------
        input_shape : tuple of int
            Of one input.
        classes : int

        Raises
        ------
        ValueError
            If there are more or fewer of either.
        """
        self.check_inputs(input_shape)
        if classes != self.classes:
            raise ValueError(f"{classes} classes do not fit {self.classes} output units")

    def check_inputs(self, input_shape: tuple[int, ...]) -> None:
        """Refuse inputs of another shape than the network's."""
        if tuple(input_shape) != self.input_shape:
            raise ValueError(
                f"inputs of shape {tuple(input_shape)} do not fit a network for inputs of shape "
                f"{self.input_shape}"
            )

    def as_dict(self) -> dict:
        """Return name and parameters as plain data, for a file's attributes."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
        return {"network": self.name, **plain}


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not among those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} {value!r} is not one of: {', '.join(allowed)}")


def whole_numbers(values) -> tuple[int, ...]:
    """Return a sequence of whole numbers as a tuple."""
    numbers = tuple(values)
    if any(isinstance(n, bool) or not math.isfinite(n) or int(n) != n for n in numbers):
        raise ValueError(f"{list(numbers)} are not all whole numbers")
    return tuple(int(number) for number in numbers)
