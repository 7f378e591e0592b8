"""A stack of networks with deficits in some epochs, trained together.

The networks of one initialisation share split, initial weights and the order of the images: they
differ in what the images look like, when, and in the learning rate. Each tensor has them along its
first axis, those that are trained longest first, so that those still in training are the first
ones. A dense layer is one that looks at its input as a single patch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from infoplane.models.base import Model
from infoplane.tasks.base import Task

# Images that are evaluated at a time: patches of all networks are held at once.
MOST_IMAGES = 256
KERNEL = 3


@dataclass(frozen=True)
class Layer:
    """Say which parts of its input a layer sees, and how its output is laid out.

    Attributes
    ----------
    inputs, outputs : int
        Numbers in a patch; units, or channels.
    stride : int
        Of patches of `KERNEL` pixels a side, zeros around; 0 if one patch is everything.
    side : tuple of int
        Height and width of its output.
    """

    inputs: int
    outputs: int
    stride: int
    side: tuple[int, int]

    def patches(self, values: torch.Tensor) -> torch.Tensor:
        """Return the patches of values of shape (..., samples, channels, height, width).

        Returns
        -------
        patches : tensor, shape (..., samples, places, numbers in a patch)
        """
        if not self.stride:
            return values.flatten(-3).unsqueeze(-2)
        rows = values.flatten(0, -4)
        found = functional.unfold(rows, KERNEL, padding=KERNEL // 2, stride=self.stride)
        return found.mT.unflatten(0, values.shape[:-3])


def layers_of(model: Model, shape: tuple[int, int, int], classes: int) -> list[Layer]:
    """Lay out a model's network for inputs of channels, height and width."""
    layers, (channels, *side) = [], shape
    for number, width in enumerate(model.widths):
        if model.network == "dense":
            layer = Layer(channels * math.prod(side), width, 0, (1, 1))
        else:
            stride = 2 if number else 1
            side = [-(-length // stride) for length in side]
            layer = Layer(channels * KERNEL**2, width, stride, tuple(side))
        layers.append(layer)
        channels, side = width, layer.side
    return [*layers, Layer(channels * math.prod(side), classes, 0, (1, 1))]


def impaired(
    deficit: str, images: torch.Tensor, labels: torch.Tensor, classes: int, blur_side: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels as they are under a deficit.

    Parameters
    ----------
    deficit : str
        What changes nothing that could be fixed beforehand, such as ``none`` or ``noise``, gives
        both as they are.
    images : tensor of float32, shape (samples, channels, height, width)
    labels : tensor of int64, shape (samples,)
    classes, blur_side : int

    Returns
    -------
    images, labels : tensor
    """
    if deficit == "blur":
        small = functional.adaptive_avg_pool2d(images, blur_side)
        images = functional.interpolate(small, size=images.shape[2:], mode="bilinear")
    elif deficit == "flip":
        images = images.flip(2)
    elif deficit == "permutation":
        labels = (labels + 1) % classes
    return images, labels


class DeficitStack:
    """Hold the networks of one initialisation.

    Parameters
    ----------
    model : Model
        A `CriticalPeriodsModel`.
    task : Task
    init : int
    """

    def __init__(self, model: Model, task: Task, init: int):
        self._model, self.courses = model, model.courses()
        order = model.generator(init, "split").permutation(len(task.labels))
        inputs = task.inputs.reshape(len(order), *_three(task.inputs.shape[1:]))
        images = torch.tensor(inputs[order].astype(np.float32))
        labels = torch.tensor(task.labels[order])
        self._test = images[model.samples :], labels[model.samples :]
        self._classes = task.classes
        self._order = model.generator(init, "order")
        self._noise, self._probe = (_torch_generator(model, init, p) for p in ("noise", "probe"))
        self._see(images[: model.samples], labels[: model.samples])
        self._set_courses()
        self.layers = layers_of(model, images.shape[1:], task.classes)
        self.parameters = self._initial(init)
        self._speeds = [torch.zeros_like(values) for values in self.parameters]

    def _see(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Make the training set as it is under each deficit, the clean one first."""
        self._kinds = ["none", *self._model.deficits]
        seen = [
            impaired(kind, images, labels, self._classes, self._model.blur_side)
            for kind in self._kinds
        ]
        self._images, self._labels = (torch.stack(part) for part in zip(*seen, strict=True))
        self._spread = images.std(), images.mean()
        measured = self._images[:, : self._model.fisher_samples].clone()
        self._probed = self._with_noise(measured, self._probe)

    def _with_noise(self, images: torch.Tensor, source: torch.Generator) -> torch.Tensor:
        """Put noise in place of the images that are under that deficit."""
        if "noise" in self._kinds:
            place, (deviation, mean) = self._kinds.index("noise"), self._spread
            drawn = torch.randn(images.shape[1:], generator=source)
            images[place] = mean + deviation * drawn
        return images

    def _set_courses(self) -> None:
        columns = zip(*self.courses, strict=True)
        deficits, starts, ends, rates = (np.array(column) for column in columns)
        self._deficit = torch.tensor([self._kinds.index(name) for name in deficits])
        self._starts, self._ends = torch.tensor(starts), torch.tensor(ends)
        self._constant, self._rewarmed = (
            torch.tensor(rates == name) for name in ("constant", "rewarmed")
        )
        self.lengths = ends + self._model.epochs

    def _initial(self, init: int) -> list[torch.Tensor]:
        """Draw the same weights for all networks: a tensor of weights and one of biases a layer."""
        draws, networks = self._model.generator(init, "weights"), len(self.courses)
        gain, found = 2.0 if self._model.activation == "relu" else 1.0, []
        for layer in self.layers:
            # He et al. (2015), equation 10; of linear layers without the 2.
            deviation = math.sqrt(gain / layer.inputs)
            drawn = draws.normal(0.0, deviation, (layer.inputs, layer.outputs))
            weights = torch.tensor(drawn, dtype=torch.float32).repeat(networks, 1, 1)
            found += [weights, torch.zeros(networks, 1, layer.outputs)]
        return found

    def seen(self, epoch: int) -> torch.Tensor:
        """Return which of the training sets each network sees in an epoch."""
        under = (self._starts <= epoch) & (epoch < self._ends)
        return torch.where(under, self._deficit, 0)

    def learning_rates(self, epoch: int) -> torch.Tensor:
        """Return each network's learning rate in an epoch."""
        again = self._rewarmed & (epoch >= self._ends)
        since = torch.where(again, epoch - self._ends, epoch)
        since = torch.where(self._constant, 0, since)
        return self._model.learning_rate * self._model.rate_decay ** since.float()

    def train(self) -> dict[str, np.ndarray]:
        """Take all steps, and measure on the way.

        Returns
        -------
        columns : dict of array
            See `CriticalPeriodsModel.solve`.
        """
        parts, measured = [], self._model.measured_epochs()
        for epoch in range(self.lengths[0] + 1):
            there, training = ((self.lengths >= limit).sum() for limit in (epoch, epoch + 1))
            first = 0 if epoch in measured else training
            if first < there:
                parts.append(self._measure(epoch, slice(first, there)))
            if training:
                self._train_epoch(epoch, training)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _train_epoch(self, epoch: int, training: int) -> None:
        """Show the training set once to the first so many networks."""
        model, own = self._model, self.seen(epoch)[:training]
        rates = self.learning_rates(epoch)[:training, None, None]
        values = [part[:training] for part in self.parameters]
        speeds = [part[:training] for part in self._speeds]
        order = torch.tensor(self._order.permutation(model.samples))
        for batch in order.split(model.batch_size):
            images = self._with_noise(self._images[:, batch], self._noise)
            leaves = [part.detach().requires_grad_() for part in values]
            net = self.net_inputs(leaves, self.layers[0].patches(images)[own])[-1][:, :, 0]
            labels = self._labels[:, batch][own]
            entropies = functional.cross_entropy(net.mT, labels, reduction="none")
            slopes = torch.autograd.grad(entropies.mean(dim=1).sum(), leaves)
            for part, speed, slope in zip(values, speeds, slopes, strict=True):
                speed.mul_(model.momentum).add_(slope).add_(part, alpha=model.weight_decay)
                part.sub_(rates * speed)

    def net_inputs(
        self, parameters: list[torch.Tensor], patches: torch.Tensor
    ) -> list[torch.Tensor]:
        """Return what the units of each layer receive.

        Parameters
        ----------
        parameters : list of tensor
            Weights and biases of each layer.
        patches : tensor, shape (networks, samples, places, numbers in a patch)
            Of the first layer.

        Returns
        -------
        nets : list of tensor, shape (networks, samples, places, units)
        """
        return [net for _, net in self._layerwise(parameters, patches)]

    def _layerwise(
        self, parameters: list[torch.Tensor], patches: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield what each layer sees, and what its units receive."""
        pairs = zip(parameters[::2], parameters[1::2], strict=True)
        for number, (weights, biases) in enumerate(pairs):
            net = torch.baddbmm(biases, patches.flatten(1, 2), weights)
            net = net.unflatten(1, patches.shape[1:3])
            yield patches, net
            if number + 1 < len(self.layers):
                values = net.relu() if self._model.activation == "relu" else net
                images = values.mT.unflatten(-1, self.layers[number].side)
                patches = self.layers[number + 1].patches(images)

    def _measure(self, epoch: int, which: slice) -> dict[str, np.ndarray]:
        """Measure some of the networks as they are before an epoch."""
        parameters = [part[which] for part in self.parameters]
        patches = self.layers[0].patches(self._probed)[self.seen(epoch)[which]]
        traces = self.fisher_traces(parameters, patches)
        accuracies = self._accuracies(parameters)
        names = ("deficit", "starts", "ends", "rate")
        columns = zip(*self.courses[which], strict=True)
        finite = np.isfinite(traces) & np.isfinite(accuracies)
        return {
            **{name: np.array(column) for name, column in zip(names, columns, strict=True)},
            "epoch": np.full(len(traces), epoch),
            "test_accuracy": accuracies,
            "fisher_trace": traces,
            "status": np.where(finite, "ok", "diverged"),
        }

    def _accuracies(self, parameters: list[torch.Tensor]) -> np.ndarray:
        """Return the share of the test images that each network gets right; NaN if it diverged."""
        networks, hits = len(parameters[0]), 0
        with torch.no_grad():
            test = (part.split(MOST_IMAGES) for part in self._test)
            for images, labels in zip(*test, strict=True):
                patches = self.layers[0].patches(images).expand(networks, -1, -1, -1)
                net = self.net_inputs(parameters, patches)[-1][:, :, 0]
                finite = net.isfinite().all(dim=(1, 2))
                right = (net.argmax(dim=2) == labels).sum(dim=1).double()
                hits = hits + torch.where(finite, right, math.nan)
        return (hits / len(self._test[1])).numpy()

    def fisher_traces(self, parameters: list[torch.Tensor], patches: torch.Tensor) -> np.ndarray:
        """Return the trace of the Fisher information of each network's weights.

        The labels are those that the network itself expects, and the expectation over them is
        exact; that over the images is over those given, each with its own gradient.

        Parameters
        ----------
        parameters : list of tensor
        patches : tensor, shape (networks, samples, places, numbers in a patch)
            Of the first layer.

        Returns
        -------
        traces : array of float64, shape (networks,)
            In nats.
        """
        leaves = [part.detach().requires_grad_() for part in parameters]
        below, nets = zip(*self._layerwise(leaves, patches), strict=True)
        shares = torch.softmax(nets[-1].detach(), dim=-1)
        # 1 - p(y) as the sum of the others: nothing cancels.
        others = shares @ (1 - torch.eye(self._classes))
        total = torch.zeros(len(patches), dtype=torch.float64)
        for label in range(self._classes):
            errors = shares.clone()
            errors[..., label] = -others[..., label]
            errors = errors * shares[..., label, None].sqrt()
            slopes = torch.autograd.grad(nets[-1], nets, errors, retain_graph=True)
            for patch, slope in zip(below, slopes, strict=True):
                total += _squared_norms(patch.detach(), slope).sum(dim=1)
        return (total / patches.shape[1]).numpy()


def _squared_norms(below: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return the squared norm of each sample's gradient of the weights: (networks, samples)."""
    if below.shape[2] == 1:
        return (below**2).sum(dim=(2, 3)) * (slopes**2).sum(dim=(2, 3))
    return ((below.mT @ slopes) ** 2).sum(dim=(2, 3))


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the shape of an image: what is none is as many channels of one pixel."""
    return shape if len(shape) == 3 else (math.prod(shape), 1, 1)


def _torch_generator(model: Model, init: int, purpose: str) -> torch.Generator:
    seed = int(model.generator(init, purpose).integers(2**63))
    return torch.Generator().manual_seed(seed)
