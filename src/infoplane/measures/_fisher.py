"""The Fisher information of a network's weights, under the labels that the network itself expects.

With z the net input of the output layer, J its derivative with respect to the weights, and L the
covariance of the label given x, the Fisher information is F = E_x J' L J, exactly: no label is
drawn. L is a sum of outer products of r errors each (r = 1 for two classes), so that F is the mean
of outer products of r gradients a sample. Biases are left out, as of all gradients here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from infoplane.compiled.threads import one_thread
from infoplane.measures._sample_gradients import sample_gradients
from infoplane.networks._torch_functions import ACTIVATION_FUNCTIONS
from infoplane.networks.base import Network
from infoplane.networks.dense import split_parameters

# Numbers in the gradients that are held at a time.
MOST_NUMBERS = 2**22
# Samples that a product with the Fisher information takes at a time.
PRODUCT_SAMPLES = 1024


def label_errors(net: torch.Tensor, output: str) -> torch.Tensor:
    """Return errors whose outer products add up to the covariance of the label.

    Parameters
    ----------
    net : tensor of float64, shape (samples, classes)
        Net input of the output layer.
    output : str
        ``"softmax"``, or ``"sigmoid"``: independent labels of the units.

    Returns
    -------
    errors : tensor of float64, shape (rank, samples, classes)
        Of softmax, sqrt(p_y) times the derivative of -log p_y. Nothing cancels: 1 - p_y is the sum
        of the others.
    """
    classes = net.shape[1]
    if output == "sigmoid":
        return torch.diag_embed((torch.sigmoid(net) * torch.sigmoid(-net)).sqrt()).movedim(1, 0)
    shares = torch.softmax(net, dim=1)
    if classes == 2:
        root = shares.prod(dim=1, keepdim=True).sqrt()
        return (root * root.new_tensor([1.0, -1.0]))[None]
    others = shares @ (1 - torch.eye(classes, dtype=net.dtype))
    errors = shares.repeat(classes, 1, 1)
    for label in range(classes):
        errors[label, :, label] = -others[:, label]
    return errors * shares.T[:, :, None].sqrt()


def random_signs(samples: int, classes: int, source: np.random.Generator) -> torch.Tensor:
    """Draw signs with which a sample's errors make one, whose square is right on average.

    Returns
    -------
    signs : tensor of float32, shape (samples, classes)
        Each -1 or 1. What they make is in single precision, as it is an estimate in any case.

    References
    ----------
    Hutchinson (1990), Communications in Statistics 19, "A stochastic estimator of the trace of the
    influence matrix".
    """
    signs = source.integers(2, size=(samples, classes))
    return torch.tensor(2.0 * signs - 1.0, dtype=torch.float32)


def dense_factors(
    network: Network,
    parameters: np.ndarray,
    inputs: np.ndarray,
    signs: torch.Tensor | None = None,
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return what the gradients of each layer's weights are outer products of.

    Parameters
    ----------
    network : Network
        Of fully connected layers.
    parameters : array, shape (parameter_count,)
    inputs : array, shape (samples, ...)
    signs : tensor, optional
        From `random_signs`: of each sample one error, all with these signs. By default all errors.

    Returns
    -------
    factors : list of (errors, below)
        Of each layer 1 .. L, in float64, or with signs in float32: shapes (rank, samples, units)
        and (samples, units below).
    """
    precision = _precision(signs)
    values = torch.tensor(inputs.reshape(len(inputs), -1), dtype=precision)
    layers = [
        tuple(torch.tensor(part, dtype=precision) for part in layer)
        for layer in split_parameters(parameters, network.widths)
    ]
    below, slopes = [], []
    for weights, biases in layers[:-1]:
        below.append(values)
        net = torch.addmm(biases, values, weights.T).requires_grad_()
        values = ACTIVATION_FUNCTIONS[network.activation](net)
        slopes.append(torch.autograd.grad(values.sum(), net)[0])
        values = values.detach()
    below.append(values)
    weights, biases = layers[-1]
    errors = [_errors(torch.addmm(biases, values, weights.T), network.output, signs)]
    for (weights, _), slope in zip(layers[:0:-1], slopes[::-1], strict=True):
        errors.append((errors[-1] @ weights) * slope)
    return list(zip(errors[::-1], below, strict=True))


def _precision(signs: torch.Tensor | None) -> torch.dtype:
    return torch.float64 if signs is None else signs.dtype


def _errors(net: torch.Tensor, output: str, signs: torch.Tensor | None) -> torch.Tensor:
    """Return the errors of `label_errors`, or their sum with signs, where nothing cancels too."""
    if signs is None:
        return label_errors(net, output)
    if output == "sigmoid":
        return (signs * (torch.sigmoid(net) * torch.sigmoid(-net)).sqrt())[None]
    # PyTorch is slow along a short last axis.
    shares = torch.softmax(net.T, dim=0).T
    roots, but_own = signs * shares.sqrt(), 1 - torch.eye(net.shape[1], dtype=net.dtype)
    return (shares * (roots @ but_own) - roots * (shares @ but_own))[None]


def fisher_traces(
    network: Network,
    parameters: np.ndarray,
    inputs: np.ndarray,
    signs: torch.Tensor | None = None,
) -> np.ndarray:
    """Return the trace of the Fisher information of each layer's weights.

    Parameters
    ----------
    network : Network
        Which `infoplane.measures.fisher.fisher_refusal` does not refuse.
    parameters : array, shape (parameter_count,)
    inputs : array, shape (samples, ...)
    signs : tensor, optional
        From `random_signs`, for an estimate by one gradient a sample; by default exact.

    Returns
    -------
    traces : array of float64, shape (layers,)
        In nats: the mean over samples of the squared norms of their own gradients.
    """
    with one_thread():
        if network.widths is None:
            rows = gradient_rows(network, parameters, inputs, signs)
            squares = sum((part**2).sum(dim=0).double() for part in rows).numpy()
            return _by_layer(network, squares) / len(inputs)
        return np.array(
            [
                float(((errors**2).sum(dim=(0, 2)) * (below**2).sum(dim=1)).mean())
                for errors, below in dense_factors(network, parameters, inputs, signs)
            ]
        )


def fisher_matrix(network: Network, parameters: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the Fisher information of all weights, exactly.

    Parameters
    ----------
    network, parameters, inputs
        As for `fisher_traces`.

    Returns
    -------
    matrix : array of float64, shape (weights, weights)
        In nats, layer after layer; see `layer_slices`.
    """
    with one_thread():
        rows = gradient_rows(network, parameters, inputs)
        return (sum(part.T @ part for part in rows) / len(inputs)).numpy()


def kronecker_factors(
    network: Network, parameters: np.ndarray, inputs: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return two small matrices for each layer, whose Kronecker product stands for its Fisher.

    Exact where errors and what the layer receives are independent over samples.

    Parameters
    ----------
    network : Network
        Of fully connected layers.
    parameters, inputs
        As for `fisher_traces`.

    Returns
    -------
    factors : list of (errors, below), arrays of float64
        Second moments, shapes (units, units) and (units below, units below).

    References
    ----------
    Martens & Grosse (2015), ICML, "Optimizing neural networks with Kronecker-factored approximate
    curvature".
    """
    with one_thread():
        return [
            tuple(
                (part.flatten(0, -2).T @ part.flatten(0, -2) / len(inputs)).numpy()
                for part in factors
            )
            for factors in dense_factors(network, parameters, inputs)
        ]


def fisher_product(
    network: Network, parameters: np.ndarray, inputs: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what multiplies vectors by the Fisher information, which is never written down.

    Parameters
    ----------
    network, parameters, inputs
        As for `fisher_traces`.

    Returns
    -------
    product : callable
        From an array of float64, shape (weights,), to another; in nats.
    """
    vector = torch.tensor(parameters, dtype=torch.float64)
    places = torch.tensor(np.concatenate(_weight_places(network)))
    with one_thread():
        batches = torch.tensor(inputs, dtype=torch.float64).split(PRODUCT_SAMPLES)
        passes = [_both_ways(network, vector, batch) for batch in batches]

    def product(weights: np.ndarray) -> np.ndarray:
        direction, total = torch.zeros_like(vector), torch.zeros_like(vector)
        direction[places] = torch.tensor(weights)
        with one_thread():
            for net, forwards, backwards in passes:
                turn = forwards(direction)
                total += backwards(_label_covariance_product(net, turn, network.output))
        return (total[places] / len(inputs)).numpy()

    return product


def _both_ways(
    network: Network, vector: torch.Tensor, values: torch.Tensor
) -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor], Callable]:
    """Return the output's net input, and products with its derivative J and with the transpose.

    J v is the derivative of u' J v after u, so that it needs no forward differentiation, which
    PyTorch compiles when it is first asked for.
    """
    net, back = torch.func.vjp(lambda vector: _net_input(network, vector, values), vector)
    _, forth = torch.func.vjp(lambda error: back(error)[0], torch.zeros_like(net))
    return net, lambda direction: forth(direction)[0], lambda error: back(error)[0]


def _net_input(network: Network, vector: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return what the output layer receives, shape (samples, classes)."""
    if network.widths is None:
        return network.skeleton.net_input(vector, values)
    (*hidden, (weights, biases)) = split_parameters(vector, network.widths)
    values = values.flatten(1)
    for own, shifts in hidden:
        values = ACTIVATION_FUNCTIONS[network.activation](values @ own.T + shifts)
    return values @ weights.T + biases


def _label_covariance_product(net: torch.Tensor, turn: torch.Tensor, output: str) -> torch.Tensor:
    """Return the covariance of the label given each sample times a vector each."""
    if output == "sigmoid":
        return torch.sigmoid(net) * torch.sigmoid(-net) * turn
    shares = torch.softmax(net, dim=1)
    # Differences from the likely label: of a confident network, what is 1 - p_y small stays exact.
    likely = shares.argmax(dim=1, keepdim=True)
    turn = turn - turn.gather(1, likely)
    return shares * (turn - (shares * turn).sum(dim=1, keepdim=True))


def layer_slices(network: Network) -> list[slice]:
    """Return where the weights of each layer stand among all weights, biases left out."""
    sizes = [len(places) for places in _weight_places(network)]
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def gradient_rows(
    network: Network,
    parameters: np.ndarray,
    inputs: np.ndarray,
    signs: torch.Tensor | None = None,
) -> Iterator[torch.Tensor]:
    """Yield the gradients of samples whose outer products add up to the Fisher information.

    Yields
    ------
    rows : tensor of float64, shape (rank * some samples, weights)
        With `signs` of rank 1, in float32, and right on average.
    """
    weights = sum(len(places) for places in _weight_places(network))
    rank = network.classes if signs is None else 1
    step = max(MOST_NUMBERS // (rank * weights), 1)
    rows = _module_rows if network.widths is None else _dense_rows
    for start in range(0, len(inputs), step):
        own = slice(start, start + step)
        yield rows(network, parameters, inputs[own], None if signs is None else signs[own])


def _dense_rows(
    network: Network, parameters: np.ndarray, inputs: np.ndarray, signs: torch.Tensor | None
) -> torch.Tensor:
    parts = [
        (errors[..., None] * below[:, None]).flatten(2)
        for errors, below in dense_factors(network, parameters, inputs, signs)
    ]
    return torch.cat(parts, dim=2).flatten(0, 1)


def _module_rows(
    network: Network, parameters: np.ndarray, inputs: np.ndarray, signs: torch.Tensor | None
) -> torch.Tensor:
    precision = _precision(signs)
    vector, values = (torch.tensor(part, dtype=precision) for part in (parameters, inputs))
    rows = sample_gradients(
        network, vector, values, lambda net: _errors(net, network.output, signs)
    )
    return rows.flatten(0, 1)


def _weight_places(network: Network) -> list[np.ndarray]:
    """Return where the weights of each layer stand in the vector of parameters."""
    places = np.arange(network.parameter_count)
    return [view.ravel() for view in network.weights(places)]


def _by_layer(network: Network, values: np.ndarray) -> np.ndarray:
    """Return the sums over each layer's weights."""
    return np.array([values[part].sum() for part in layer_slices(network)])
