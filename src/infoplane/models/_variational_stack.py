"""A stack of networks with noise on their weights, trained together.

The networks of one initialisation differ in beta and in labels alone: they share inputs, initial
weights and the noise of what units receive, so that what they differ in is not noise, and one
drawing of it serves them all. Each tensor has them along its first axis.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields

import numpy as np
import torch

from infoplane.models import _noisy_kernels as kernels
from infoplane.models.base import Model

# A tenth of the learning rates, as shares of the epochs.
MILESTONES = (0.7, 0.9)


@dataclass
class Units:
    """Hold what a step computes for the units of a layer, all of shape (networks, samples, units).

    Attributes
    ----------
    values, squares : tensor of float32
        What they give, or receive if there is no layer above; the former's squares.
    slopes : tensor of float32, optional
        What they change by with the variance of what they receive.
    of_means, of_variances : tensor of float32, optional
        Gradients in the means and variances of what they receive.
    """

    values: torch.Tensor
    squares: torch.Tensor
    slopes: torch.Tensor | None = None
    of_means: torch.Tensor | None = None
    of_variances: torch.Tensor | None = None


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
        self._labels = torch.tensor(labels)
        self._betas = torch.tensor(betas, dtype=torch.float32)
        self._noise = _torch_generator(model.generator(init, "noise"))
        self._draws = _torch_generator(model.generator(init, "draws"))
        widths = (inputs.shape[1], *model.hidden, model.classes)
        self._deviations = [math.sqrt(2 / width) for width in widths[:-1]]
        # What each layer sees, and what the output layer's units receive.
        seen = (part.expand(len(betas), -1, -1) for part in (self._inputs, self._inputs**2))
        self._units = [Units(*seen)]
        self.weights, self.biases, self.rates = [], [], []
        start, draws = self._rate_of(model.initial_alpha), model.generator(init, "weights")
        for deviation, (below, above) in zip(
            self._deviations, itertools.pairwise(widths), strict=True
        ):
            drawn = draws.normal(0.0, deviation, (below, above))  # He et al. (2015), equation 10
            own = torch.tensor(drawn, dtype=torch.float32).repeat(len(betas), 1, 1)
            self.weights.append(own)
            self.biases.append(torch.zeros(len(betas), 1, above))
            self.rates.append(torch.full_like(own, start))
            shape = len(betas), len(inputs), above
            self._units.append(Units(*(torch.empty(shape) for _ in fields(Units))))
        for part in (*self.weights, *self.biases, *self.rates):
            part.grad = torch.zeros_like(part)

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

    def _alpha_slope(self, alpha: torch.Tensor) -> torch.Tensor:
        """Return what alpha changes by with what is trained for it."""
        if self._model.parametrisation == "clamped":
            return alpha
        low, high = self._model.smallest_alpha, self._model.largest_alpha
        return (alpha - low) * (high - alpha) / (high - low)

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
            self.find_gradients()
            optimizer.step()
            schedule.step()
            if model.parametrisation == "clamped":
                for rate in self.rates:
                    rate.clamp_(*limits)

    def find_gradients(self) -> None:
        """Set the gradients of the summed cross-entropy, with fresh noise, and the information."""
        alphas = [self._alpha(rate) for rate in self.rates]
        spreads = [self._spread(alpha) for alpha in alphas]
        parts = zip(self.weights, spreads, self._deviations, strict=True)
        variances = [self._variances(*part) for part in parts]
        self._draw_outputs(variances)
        top = self._units[-1]
        kernels.expect_back(top.values.numpy(), self._labels.numpy(), top.slopes.numpy())
        of_means, of_variances = top.values, top.slopes
        for layer in reversed(range(len(self.weights))):
            weights, below = self.weights[layer], self._units[layer]
            torch.sum(of_means, dim=1, keepdim=True, out=self.biases[layer].grad)
            torch.bmm(below.values.mT, of_means, out=weights.grad)
            torch.bmm(below.squares.mT, of_variances, out=self.rates[layer].grad)
            if layer:
                of_means = torch.bmm(of_means, weights.mT, out=below.of_means)
                of_variances = torch.bmm(of_variances, variances[layer].mT, out=below.of_variances)
                kernels.rectify_back(*_rows(of_means, of_variances, below.values, below.slopes))
            self._finish_gradients(layer, alphas[layer], spreads[layer])

    def _draw_outputs(self, variances: list[torch.Tensor]) -> None:
        """Send the inputs through all layers, with noise drawn for what each unit receives."""
        for layer, (weights, own) in enumerate(zip(self.weights, variances, strict=True)):
            below, units = self._units[layer : layer + 2]
            torch.baddbmm(self.biases[layer], below.values, weights, out=units.values)
            torch.bmm(below.squares, own, out=units.slopes)
            noise = torch.randn(units.values.shape[1:], generator=self._noise)
            kernels.receive(*_rows(units.values, units.slopes), noise.numpy().ravel())
            if layer + 1 < len(self.weights):
                kernels.rectify(*_rows(units.values, units.squares))

    def _spread(self, alpha: torch.Tensor) -> torch.Tensor:
        """Return the variance of a weight, in units of its square or of its prior's variance."""
        return alpha if self._model.noise == "additive" else torch.expm1(alpha)

    def _variances(
        self, weights: torch.Tensor, spread: torch.Tensor, deviation: float
    ) -> torch.Tensor:
        """Return the variance of each weight."""
        if self._model.noise == "additive":
            return deviation**2 * spread
        return weights**2 * spread

    def _finish_gradients(self, layer: int, alpha: torch.Tensor, spread: torch.Tensor) -> None:
        """Turn a layer's gradients in means and variances into those of the whole loss.

        The gradient in the variances stands where that in the rates comes.
        """
        weights, deviation = self.weights[layer], self._deviations[layer]
        of_weights, of_alpha = weights.grad, self.rates[layer].grad
        if self._model.noise == "additive":
            of_alpha *= deviation**2
        else:
            kernels.grow_back(*_rows(weights, spread, of_weights, of_alpha))
        price_of_weights, price_of_alpha = self.divergence_slopes(weights, alpha, deviation)
        betas = self._betas[:, None, None]
        of_alpha += betas * price_of_alpha
        if price_of_weights is not None:
            of_weights += betas * price_of_weights
        of_alpha *= self._alpha_slope(alpha)

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

    def divergence_slopes(
        self, weights: torch.Tensor, alpha: torch.Tensor, deviation: float
    ) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Return what the divergences change by with the weights, None if by nothing, and alpha."""
        by_noise = -0.5 / alpha
        if self._model.prior == "log_uniform":
            return None, by_noise
        by_noise += 0.5
        scaled = weights / deviation**2
        if self._model.noise == "additive":
            return scaled, by_noise
        scaled *= alpha.exp()
        by_noise += scaled * weights / 2
        by_weights = scaled - torch.where(weights.abs() > 1e-30 * deviation, 1 / weights, 0.0)
        return by_weights, by_noise

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


def _rows(*parts: torch.Tensor) -> list[np.ndarray]:
    """Return the tensors as arrays of the same memory, a row for each network."""
    return [part.view(len(part), -1).numpy() for part in parts]


def _torch_generator(source: np.random.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(int(source.integers(2**63)))
