"""Training of quantised networks: rounded forward pass, straight-through gradients."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.networks import Network
from infoplane.networks.dense import split_parameters
from infoplane.training.records import Optimizer
from infoplane.training.torch.dense import DenseTorchEngine


class QuantisedTorchEngine(DenseTorchEngine):
    """Train a stack of networks whose weights and hidden activations are quantised.

    Every step rounds as `infoplane.networks.quantisation.quantise` does: each layer's weights over
    their own range, its activations over the range of the mini-batch, each network by itself.
    Rounding counts as the identity in the gradient (straight-through; Bengio et al. 2013, section
    3), which updates the parameters in floating point. The loss is taken from the output layer's
    net input: a probability rounded to 0 would have no finite cross-entropy.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._bits = self._network.quantisation_bits
        tensors = torch.from_numpy(weight_tensors(self._network)).to(self._device)
        self._tensors = tensors.expand_as(self._parameters)

    @staticmethod
    def supports(network: Network, optimizer: Optimizer) -> bool:
        """Return whether these are fully connected networks with rounding and without noise."""
        quantised = network.quantisation_bits is not None and network.noise_standard_deviation == 0
        return network.widths is not None and quantised

    def _parameters_and_layers(self) -> tuple[torch.Tensor, list]:
        with torch.no_grad():
            parameters = quantise_segments(
                self._parameters, self._tensors, self._network.layers, self._bits
            )
        parameters.requires_grad_()
        return parameters, split_parameters(parameters, self._network.widths)

    def _hidden(self, net: torch.Tensor, layer: int) -> torch.Tensor:
        return StraightThrough.apply(super()._hidden(net, layer), self._bits)


class StraightThrough(torch.autograd.Function):
    """Quantise a stack of activations, each network by itself; pass the gradient on."""

    @staticmethod
    def forward(context, activations: torch.Tensor, bits: int) -> torch.Tensor:
        """Return the rounded activations, shape (inits, samples, units)."""
        flat = activations.flatten(1)
        low = flat.amin(1).clamp(max=0)[:, None, None]
        high = flat.amax(1).clamp(min=0)[:, None, None]
        return round_to_levels(activations, low, high, bits)

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the gradient unchanged."""
        return gradient, None


def round_to_levels(
    values: torch.Tensor, low: torch.Tensor, high: torch.Tensor, bits: int
) -> torch.Tensor:
    """Round to 2**bits levels on ranges that hold 0, as `infoplane.networks.quantisation.quantise`.

    Parameters
    ----------
    values : tensor of float32
    low, high : tensors of float32
        Ends of the range, at most 0 and at least 0; of a shape that broadcasts with values.
    bits : int

    Returns
    -------
    rounded : tensor of float32, the shape of values
    """
    highest = 2**bits - 1
    step = (high - low) / highest
    step = torch.where(step == 0, 1.0, step)
    zero = torch.round(-low / step)
    levels = torch.round(values / step)
    return torch.minimum(torch.maximum(levels, -zero), highest - zero).mul_(step)


def quantise_segments(
    parameters: torch.Tensor, tensors: torch.Tensor, layers: int, bits: int
) -> torch.Tensor:
    """Quantise every layer's weights of a stack of parameter vectors; keep the biases.

    Parameters
    ----------
    parameters : tensor of float32, shape (inits, parameters)
    tensors : tensor of int64, shape (inits, parameters)
        Rows of `weight_tensors`.
    layers : int
    bits : int

    Returns
    -------
    quantised : tensor of float32, shape (inits, parameters)
    """
    zeros = parameters.new_zeros(len(parameters), layers + 1)
    low = zeros.scatter_reduce(1, tensors, parameters, "amin")
    high = zeros.scatter_reduce(1, tensors, parameters, "amax")
    rounded = round_to_levels(parameters, low.gather(1, tensors), high.gather(1, tensors), bits)
    return torch.where(tensors < layers, rounded, parameters)


def weight_tensors(network: Network) -> np.ndarray:
    """Return, for each parameter, which layer's weights it belongs to.

    Parameters
    ----------
    network : Network

    Returns
    -------
    tensors : array of int64, shape (parameters,)
        0 .. layers - 1; layers for biases.
    """
    tensors = np.full(network.parameter_count, network.layers)
    for layer, weights in enumerate(network.weights(tensors)):
        weights[...] = layer
    return tensors
