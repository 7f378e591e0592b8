"""Stacks of networks with information dropout, and of decoders of what they represent.

The networks of one initialisation differ in beta alone: they share batches, initial weights and the
noise of their units, so that what they differ in is not noise. Each tensor has them along its first
axis; the decoders' have what is decoded before it.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from infoplane.models.base import Model

# Of alpha, and of what is a logarithm's argument.
LEAST_ALPHA, LEAST_VALUE = 1e-3, 1e-3
# A tenth of the learning rate, as shares of the steps.
MILESTONES = (0.7, 0.9)
DECODED = ("nuisance", "label", "shuffled")


class DropoutStack:
    """Hold networks that differ in beta.

    Parameters
    ----------
    model : Model
        An `InformationDropoutModel`: what is the same for all.
    features, classes : int
    init : int
        The initialisation that they share.
    """

    def __init__(self, model: Model, features: int, classes: int, init: int):
        self.model, self.networks, self.classes = model, len(model.betas), classes
        self._betas = torch.tensor(model.betas, dtype=torch.float32)
        self._noise = torch_generator(model.generator(init, "noise"))
        draws, widths = model.generator(init, "weights"), (features, *model.hidden)
        self.hidden = [
            dense((self.networks,), below, above, draws)
            for below, above in itertools.pairwise(widths)
        ]
        self.amount = dense((self.networks,), *widths[-2:], draws)
        self.output = dense((self.networks,), widths[-1], classes, draws)
        units = (self.networks, 1, widths[-1])
        self.prior = torch.zeros(units), torch.zeros(units)  # mean and log deviation of log z
        self.parameters = [*itertools.chain(*self.hidden), *self.amount, *self.output]
        if model.activation == "softplus":
            self.parameters += [part.requires_grad_() for part in self.prior]

    def train(self, images, generator: np.random.Generator) -> None:
        """Take all steps.

        Parameters
        ----------
        images : OccludedImages
        generator : numpy.random.Generator
            Of the batches.
        """

        def losses() -> torch.Tensor:
            chosen, places = images.drawn(generator, self.model.batch_size)
            mean, alpha = self.encoded(images.occluded(chosen, places))
            entropies = cross_entropies(
                self.classified(self.noisy(mean, alpha)), images.labels[chosen]
            )
            return entropies + self._betas * self.costs(mean, alpha)

        descend(self.parameters, losses, self.model)

    def encoded(self, inputs: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return f(x) and alpha(x), each of shape (networks, samples, units)."""
        nonlinear = getattr(torch.nn.functional, self.model.activation)
        values = torch.from_numpy(inputs)[None]
        for weights, biases in self.hidden[:-1]:
            values = nonlinear(values @ weights + biases)
        (weights, biases), (other, offsets) = self.hidden[-1], self.amount
        share = torch.sigmoid(values @ other + offsets)
        return nonlinear(values @ weights + biases), LEAST_ALPHA + self.model.largest_alpha * share

    def noisy(self, mean: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """Draw z, with the same normal numbers for all networks."""
        return mean * (alpha * torch.randn(alpha.shape[1:], generator=self._noise)).exp()

    def classified(self, drawn: torch.Tensor) -> torch.Tensor:
        """Return what the output layer makes of z, before the softmax."""
        return drawn @ self.output[0] + self.output[1]

    def costs(self, mean: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """Return each network's mean cost of a sample in nats, shape (networks,)."""
        if self.model.activation == "relu":
            most = math.log(self.model.largest_alpha + LEAST_ALPHA)
            return (most - alpha.log()).sum(dim=2).mean(dim=1)
        centre, log_deviation = self.prior
        return log_normal_divergence(mean, alpha, centre, log_deviation).sum(dim=2).mean(dim=1)


class Decoders:
    """Hold networks that read representations: of each what is in `DECODED`.

    Parameters
    ----------
    stack : DropoutStack
        It is trained no further.
    places : int
        Values of the nuisance.
    init : int
    """

    def __init__(self, stack: DropoutStack, places: int, init: int):
        self._stack, self._places = stack, places
        self._draws, units = stack.model.generator(init, "decoders"), stack.model.decoder_units
        outputs, shape = max(places, stack.classes), (len(DECODED), stack.networks)
        self._layers = [
            dense(shape, 2 * stack.model.hidden[-1], units, self._draws),
            dense(shape, units, outputs, self._draws),
        ]
        values = torch.tensor([places, stack.classes, places])
        self._absent = (torch.arange(outputs) >= values[:, None])[:, None, None]

    def train(self, images) -> None:
        """Take as many steps as the networks took."""

        def losses() -> torch.Tensor:
            chosen, places = images.drawn(self._draws, self._stack.model.batch_size)
            inputs = images.occluded(chosen, places)
            # Places are drawn independently: that of the image before is any other.
            return self._entropies(inputs, (places, images.labels[chosen], np.roll(places, 1)))

        descend(list(itertools.chain(*self._layers)), losses, self._stack.model)

    def evaluate(self, images) -> dict[str, np.ndarray]:
        """Measure on images in all places, each as often.

        Parameters
        ----------
        images : OccludedImages
            The test set.

        Returns
        -------
        columns : dict of array, shape (networks,)
            The cross-entropy in nats of what is in `DECODED`; ``cost`` in nats; ``accuracy`` of the
            networks themselves.
        """
        every, found = np.arange(len(images.images)), []
        with torch.no_grad():
            for place in range(self._places):
                places = np.full(len(every), place)
                inputs = images.occluded(every, places)
                mean, alpha = self._stack.encoded(inputs)
                guesses = self._stack.classified(self._stack.noisy(mean, alpha)).argmax(dim=2)
                hits = (guesses == torch.from_numpy(images.labels)).float().mean(dim=1)
                other = self._draws.integers(self._places, size=len(every))
                entropies = self._entropies(inputs, (places, images.labels, other))
                found.append(
                    torch.cat([entropies, self._stack.costs(mean, alpha)[None], hits[None]])
                )
        averages = torch.stack(found).double().mean(dim=0).numpy()
        return dict(zip((*DECODED, "cost", "accuracy"), averages, strict=True))

    def _entropies(self, inputs: np.ndarray, wanted: tuple[np.ndarray, ...]) -> torch.Tensor:
        """Return the mean cross-entropies of what is `DECODED` in nats: (decoded, networks)."""
        with torch.no_grad():
            drawn = self._stack.noisy(*self._stack.encoded(inputs))
            # Noise that multiplies adds to the logarithm.
            values = torch.cat([drawn, (drawn + LEAST_VALUE).log()], dim=2)[None]
        (weights, biases), (above, offsets) = self._layers
        net = (values @ weights + biases).relu() @ above + offsets
        net = net.masked_fill(self._absent, -math.inf)
        chosen = torch.from_numpy(np.stack(wanted))[:, None, :, None]
        chosen = chosen.expand(*net.shape[:3], 1)
        return -net.log_softmax(dim=3).gather(3, chosen)[..., 0].mean(dim=2)


def log_normal_divergence(
    mean: torch.Tensor, alpha: torch.Tensor, centre: torch.Tensor, log_deviation: torch.Tensor
) -> torch.Tensor:
    """Return the divergence of mean exp(alpha n), n normal, from a log-normal prior, in nats.

    Parameters
    ----------
    mean, alpha : tensor of float
        Above 0.
    centre, log_deviation : tensor of float
        Mean, and logarithm of the deviation, of the logarithm under the prior.
    """
    square = alpha**2 + (mean.clamp(min=1e-30).log() - centre) ** 2
    return (square * (-2 * log_deviation).exp() - 1) / 2 - alpha.log() + log_deviation


def cross_entropies(net: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
    """Return each network's mean cross-entropy in nats, from what its output receives."""
    wanted = torch.from_numpy(labels).expand(len(net), -1)
    lost = torch.nn.functional.cross_entropy(net.mT, wanted, reduction="none")
    return lost.mean(dim=1)


def dense(
    shape: tuple[int, ...], below: int, above: int, draws: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Make layers, all with the same weights, of He et al. (2015), equation 10; biases are 0."""
    drawn = draws.normal(0.0, math.sqrt(2 / below), (below, above))
    weights = torch.tensor(drawn, dtype=torch.float32).repeat(*shape, 1, 1)
    return weights.requires_grad_(), torch.zeros(*shape, 1, above, requires_grad=True)


def descend(parameters: list[torch.Tensor], losses, model: Model) -> None:
    """Take all steps of Adam on the sum of independent losses.

    Parameters
    ----------
    parameters : list of tensor
    losses : callable
        Draws a batch, returns the loss of each network.
    model : Model
        With ``steps`` and ``learning_rate``.
    """
    optimizer = torch.optim.Adam(parameters, lr=model.learning_rate, fused=True)
    milestones = [round(share * model.steps) for share in MILESTONES]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones)
    for _ in range(model.steps):
        optimizer.zero_grad()
        losses().sum().backward()
        optimizer.step()
        schedule.step()


def torch_generator(source: np.random.Generator) -> torch.Generator:
    """Return PyTorch's source of randomness, seeded from numpy's."""
    return torch.Generator().manual_seed(int(source.integers(2**63)))
