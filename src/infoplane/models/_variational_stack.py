"""A stack of networks with noise on their weights, trained together.

The networks of one initialisation differ in beta and in labels alone: they share inputs, initial
weights and the noise of what units receive, so that what they differ in is not noise, and one
drawing of it serves them all. Each tensor has them along its first axis.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from infoplane.models.base import Model

# Of the variance of what a unit receives, whose root has no slope at 0.
LEAST_VARIANCE = 1e-12
# A tenth of the learning rates, as shares of the epochs.
MILESTONES = (0.7, 0.9)


class VariationalStack:
    """Hold networks that differ in beta and labels.

    Parameters
    ----------
    model : Model
        A `VariationalWeightsModel`: what is the same for all.
    inputs : array of float32, shape (samples, features)
    labels : array of int, shape (networks, samples)
    betas : array of float, shape (networks,)
    init : int
        The initialisation that they share.
    """

    def __init__(
        self,
        model: Model,
        inputs: np.ndarray,
        labels: np.ndarray,
        betas: np.ndarray,
        init: int,
    ):
        self._model, self._inputs = model, torch.tensor(inputs)[None]
        self._squares = self._inputs**2
        self._labels = torch.tensor(labels)
        self._betas = torch.tensor(betas, dtype=torch.float32)
        self._noise = _torch_generator(model.generator(init, "noise"))
        self._draws = _torch_generator(model.generator(init, "draws"))
        widths = (inputs.shape[1], *model.hidden, model.classes)
        self._deviations = [math.sqrt(2 / width) for width in widths[:-1]]
        self.weights, self.biases, self.rates = [], [], []
        start, draws = self._rate_of(model.initial_alpha), model.generator(init, "weights")
        for deviation, (below, above) in zip(
            self._deviations, itertools.pairwise(widths), strict=True
        ):
            drawn = draws.normal(0.0, deviation, (below, above))  # He et al. (2015), equation 10
            own = torch.tensor(drawn, dtype=torch.float32).repeat(len(betas), 1, 1)
            self.weights.append(own.requires_grad_())
            self.biases.append(torch.zeros(len(betas), 1, above, requires_grad=True))
            self.rates.append(torch.full_like(own, start).requires_grad_())

    def _rate_of(self, alpha: float) -> float:
        """Return what is trained for an alpha."""
        if self._model.parametrisation == "clamped":
            return math.log(alpha)
        low, high = self._model.smallest_alpha, self._model.largest_alpha
        share = (alpha - low) / (high - low)
        return math.log(share / (1 - share))

    def _alpha(self, rate: torch.Tensor) -> torch.Tensor:
        if self._model.parametrisation == "clamped":
            return rate.exp()
        low, high = self._model.smallest_alpha, self._model.largest_alpha
        return low + (high - low) * torch.sigmoid(rate)

    def train(self) -> None:
        """Take all steps, one an epoch."""
        model = self._model
        optimizer = torch.optim.Adam(
            [
                {"params": [*self.weights, *self.biases], "lr": model.learning_rate},
                {"params": self.rates, "lr": model.noise_learning_rate},
            ],
            fused=True,
        )
        milestones = [round(share * model.epochs) for share in MILESTONES]
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones)
        limits = math.log(model.smallest_alpha), math.log(model.largest_alpha)
        for _ in range(model.epochs):
            optimizer.zero_grad()
            losses = self.losses()
            losses.sum().backward()
            optimizer.step()
            schedule.step()
            if model.parametrisation == "clamped":
                with torch.no_grad():
                    for rate in self.rates:
                        rate.clamp_(*limits)

    def losses(self) -> torch.Tensor:
        """Return each network's summed cross-entropy with fresh noise, plus beta its information.

        Returns
        -------
        losses : tensor of float32, shape (networks,)
            In nats.
        """
        return self._entropies(self._noisy_net_input()).sum(dim=1) + self._betas * self.nats()

    def _noisy_net_input(self) -> torch.Tensor:
        """Return what the output layer receives, with noise drawn for what each unit receives."""
        values, squares = self._inputs, self._squares
        last = len(self.weights) - 1
        for layer, (weights, biases, rate) in enumerate(
            zip(self.weights, self.biases, self.rates, strict=True)
        ):
            variances = self._variances(weights, self._alpha(rate), self._deviations[layer])
            net = values @ weights + biases
            deviation = (squares @ variances + LEAST_VARIANCE).sqrt()
            noise = torch.randn(net.shape[1:], generator=self._noise)
            net = torch.addcmul(net, deviation, noise)
            if layer < last:
                values = net.relu()
                squares = values**2
        return net

    def _variances(
        self, weights: torch.Tensor, alpha: torch.Tensor, deviation: float
    ) -> torch.Tensor:
        """Return the variance of each weight."""
        if self._model.noise == "additive":
            return deviation**2 * alpha
        return weights**2 * torch.expm1(alpha)

    def nats(self) -> torch.Tensor:
        """Return the information in the weights of each network.

        Returns
        -------
        nats : tensor of float32, shape (networks,)
        """
        parts = zip(self.weights, self.rates, self._deviations, strict=True)
        return sum(
            self.divergences(weights, self._alpha(rate), deviation).sum(dim=(1, 2))
            for weights, rate, deviation in parts
        )

    def divergences(
        self, weights: torch.Tensor, alpha: torch.Tensor, deviation: float
    ) -> torch.Tensor:
        """Return the divergence of each weight's distribution from its prior, in nats.

        Parameters
        ----------
        weights, alpha : tensor of float
        deviation : float
            Of a normal prior.

        Returns
        -------
        divergences : tensor, of the same shape
        """
        if self._model.prior == "log_uniform":
            return (math.log(self._model.largest_alpha) - alpha.log()) / 2
        scaled = weights / deviation
        if self._model.noise == "additive":
            return (alpha + scaled**2 - 1 - alpha.log()) / 2
        # The second moment of a log-normal weight of mean w is w^2 exp(alpha).
        return (scaled**2 * alpha.exp() + alpha - alpha.log() - 1) / 2 - scaled.abs().clamp(
            min=1e-30
        ).log()

    def drawn_weights(self) -> list[torch.Tensor]:
        """Draw all weights once, the same normal numbers for all networks."""
        found = []
        for weights, rate, deviation in zip(
            self.weights, self.rates, self._deviations, strict=True
        ):
            alpha = self._alpha(rate)
            normal = torch.randn(weights.shape[1:], generator=self._draws)
            if self._model.noise == "additive":
                found.append(weights + deviation * alpha.sqrt() * normal)
            else:
                found.append(weights * (alpha.sqrt() * normal - alpha / 2).exp())
        return found

    def evaluate(self, inputs: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Measure all networks, by their mean weights and by weights that are drawn.

        Parameters
        ----------
        inputs : array of float32, shape (patterns, features)
            The test set.
        labels : array of int, shape (patterns,)

        Returns
        -------
        columns : dict of array, shape (networks,)
            See `VariationalWeightsModel.solve`.
        """
        with torch.no_grad():
            test = torch.tensor(inputs)[None], torch.tensor(labels)[None]
            mean = self._measured(self.weights, *test)
            drawn = [self._measured(self.drawn_weights(), *test) for _ in range(self._model.draws)]
            averages = torch.stack(drawn).mean(dim=0).double().numpy()
            found = dict(
                zip(("train_accuracy", "test_accuracy", "train_loss"), averages, strict=True)
            )
            count = sum(weights[0].numel() for weights in self.weights)
            return found | {
                "mean_train_accuracy": mean[0].double().numpy(),
                "mean_test_accuracy": mean[1].double().numpy(),
                "weights": np.full(len(self._betas), count),
                "information_nats": self.nats().double().numpy(),
            }

    def _measured(
        self, weights: list[torch.Tensor], inputs: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Return training accuracy, test accuracy and training loss, shape (3, networks)."""
        own = self._net_input(weights, self._inputs)
        other = self._net_input(weights, inputs)
        hits = (own.argmax(dim=2) == self._labels), (other.argmax(dim=2) == labels)
        return torch.stack(
            [*(each.float().mean(dim=1) for each in hits), self._entropies(own).mean(dim=1)]
        )

    def _net_input(self, weights: list[torch.Tensor], values: torch.Tensor) -> torch.Tensor:
        *hidden, last = zip(weights, self.biases, strict=True)
        for own, biases in hidden:
            values = (values @ own + biases).relu()
        return values @ last[0] + last[1]

    def _entropies(self, net: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of each sample, shape (networks, samples)."""
        return torch.nn.functional.cross_entropy(net.mT, self._labels, reduction="none")


def _torch_generator(source: np.random.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(int(source.integers(2**63)))
