"""Gradients in a module's weights, of each sample apart."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from infoplane.networks.modules import ModuleNetwork


def sample_gradients(
    network: ModuleNetwork,
    vector: torch.Tensor,
    inputs: torch.Tensor,
    errors_of: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Differentiate, for each sample, a combination of what its output layer receives.

    The error at a part's output, of all samples from one backward pass, and what the part received
    make the gradient of its weights: an outer product in linear layers, a sum of such over
    positions in convolutions. A module of other parts, or one that runs a part twice, is
    differentiated sample by sample, ten times as slow.

    Parameters
    ----------
    network : ModuleNetwork
    vector : tensor of float, shape (parameter_count,)
    inputs : tensor of float, shape (samples, ...)
    errors_of : callable
        From what the output layer receives, of shape (samples, classes), to the weights of `rank`
        combinations, of shape (rank, samples, classes).

    Returns
    -------
    rows : tensor of float, shape (rank, samples, weights)
        Layer after layer, biases left out.
    """
    parts = {name: network.skeleton.part(name) for name in _weight_owners(network)}
    if not all(_can_be_multiplied(part) for part in parts.values()):
        return _one_by_one(network, vector, inputs, errors_of)
    received: dict[str, torch.Tensor] = {}
    given: dict[str, torch.Tensor] = {}

    def watcher(name: str) -> Callable:
        def hook(part: nn.Module, arguments: tuple, output: torch.Tensor) -> torch.Tensor:
            runs.append(name)
            received[name] = arguments[0].detach()
            # The lowest part's output hangs on nothing that is differentiated.
            given[name] = output if output.requires_grad else output.detach().requires_grad_()
            # A copy: what comes next may work in place.
            return given[name].clone()

        return hook

    runs: list[str] = []
    net = network.skeleton.watched(vector, inputs, {name: watcher(name) for name in parts})
    if sorted(runs) != sorted(parts):
        return _one_by_one(network, vector, inputs, errors_of)
    outputs, errors = list(given.values()), errors_of(net.detach())
    passes = (torch.autograd.grad(net, outputs, error, retain_graph=True) for error in errors)
    deltas = dict(zip(given, map(torch.stack, zip(*passes, strict=True)), strict=True))
    products = [_products(part, received[name], deltas[name]) for name, part in parts.items()]
    return torch.cat(products, dim=2)


def _weight_owners(network: ModuleNetwork) -> list[str]:
    """Return the names of the parts that have weights, as these stand in the vector."""
    views = network.skeleton.split(torch.empty(network.parameter_count, device="meta"))
    return [name.rpartition(".")[0] for name, view in views.items() if view.ndim > 1]


def _can_be_multiplied(part: nn.Module) -> bool:
    if isinstance(part, nn.Conv2d):
        return part.groups == 1 and part.padding_mode == "zeros"
    return isinstance(part, nn.Linear)


def _products(part: nn.Module, received: torch.Tensor, deltas: torch.Tensor) -> torch.Tensor:
    """Return the gradients of a part's weights, shape (rank, samples, weights).

    Parameters
    ----------
    part : torch.nn.Linear or torch.nn.Conv2d
    received : tensor, shape (samples, ...)
    deltas : tensor, shape (rank, samples, ...)
        Errors at its output.
    """
    rank, samples = deltas.shape[:2]
    if isinstance(part, nn.Conv2d):
        # Before, behind, above and below, from the last axis on.
        padded = nn.functional.pad(received, part._reversed_padding_repeated_twice).contiguous()
        below = _patches(padded, part, deltas.shape[3:]).flatten(4).flatten(1, 3)
        deltas = deltas.flatten(3)
    else:
        # Any axes between are positions.
        below = received.reshape(samples, -1, part.in_features).transpose(1, 2)
        deltas = deltas.reshape(rank, samples, -1, part.out_features).transpose(2, 3)
    # One product a sample for all directions at once.
    deltas = deltas.transpose(0, 1).flatten(1, 2)
    products = (deltas @ below.transpose(1, 2)).reshape(samples, rank, -1)
    return products.transpose(0, 1)


def _patches(padded: torch.Tensor, part: nn.Conv2d, places: tuple[int, int]) -> torch.Tensor:
    """Return what a convolution looks at in each place, a view: `unfold` copies twice as long.

    Returns
    -------
    patches : tensor, shape (samples, channels, kernel rows, kernel columns, rows, columns)
    """
    samples, channels = padded.shape[:2]
    *outer, row, column = padded.stride()
    within = row * part.dilation[0], column * part.dilation[1]
    between = row * part.stride[0], column * part.stride[1]
    shape = (samples, channels, *part.kernel_size, *places)
    return padded.as_strided(shape, (*outer, *within, *between))


def _one_by_one(
    network: ModuleNetwork, vector: torch.Tensor, inputs: torch.Tensor, errors_of: Callable
) -> torch.Tensor:
    def along(vector: torch.Tensor, sample: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
        return (network.skeleton.net_input(vector, sample[None])[0] * error).sum()

    with torch.no_grad():
        net = network.skeleton.net_input(vector, inputs)
    errors = errors_of(net)
    one = torch.func.grad(along)
    each = torch.func.vmap(torch.func.vmap(one, (None, 0, 0)), (None, None, 0))
    places = torch.cat([view.flatten() for view in network.weights(torch.arange(len(vector)))])
    return each(vector, inputs, errors)[..., places]
