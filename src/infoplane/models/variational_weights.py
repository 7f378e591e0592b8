"""Variational information in the weights of networks that are trained with noise on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import (
    require_choice,
    require_not_negative,
    require_positive,
    require_whole,
)
from infoplane.models._stacked import StackedModel
from infoplane.models.base import require_different, require_widths
from infoplane.tasks.base import Task

NOISES = ("multiplicative", "additive")
PRIORS = ("log_uniform", "normal")
PARAMETRISATIONS = ("clamped", "sigmoid")


@dataclass(frozen=True)
class VariationalWeightsModel(StackedModel):
    """Describe ReLU networks trained on cross-entropy plus beta times the information they hold.

    The loss is the cross-entropy, summed over the samples, plus beta times the information in the
    weights: beta = 1 is the variational bound. Multiplicative noise is log-normal of mean 1, with
    variance exp(alpha) - 1 and an alpha for each weight; additive noise is normal, with alpha times
    the variance of the prior. What a unit receives is normal with the mean and the variance that
    this makes (local reparametrisation). Biases have neither noise nor information.

    Parameters
    ----------
    betas : list of float
        Each at least 0.
    samples : int
        Images in the training set, drawn by each initialisation; every step sees all of them.
    classes : int
        The label is that of the task modulo this number.
    corrupted_shares : list of float
        Shares of the training labels that are drawn at random in place of the true ones; 1 makes
        all random. Of one initialisation a larger share holds the labels of a smaller one.
    hidden : list of int
        Widths.
    noise : str
        One of `NOISES`.
    prior : str
        Of the information. ``log_uniform``, improper and of multiplicative noise alone: the sum of
        log(largest_alpha / alpha) / 2, Achille's up to a constant. ``normal``: the divergence from
        the distribution that initial weights are drawn from.
    largest_alpha, smallest_alpha, initial_alpha : float
        Above 0.
    parametrisation : str
        ``clamped``: log(alpha) is trained and kept between the limits; ``sigmoid``: alpha is a
        sigmoid of what is trained, between them.
    epochs : int
    learning_rate, noise_learning_rate : float
        Of Adam, for weights and for alphas; a tenth from 70 % of the epochs on, a hundredth from
        90 % on.
    draws : int
        Of weights, over which a network is evaluated.
    bound_chance : float
        How often the PAC-Bayes bound may fail.
    initialisations, seed : int
        Each has its own split, labels, weights and noise, the same for all betas and labels.

    Notes
    -----
    Catoni's bound, as McAllester (2013), theorem 2, has it for losses up to 1: for any lambda > 1/2
    fixed beforehand, with probability 1 - `bound_chance` over the training set, the error of a
    network whose weights are drawn is at most (training error + lambda (KL + log(1 / chance)) / N)
    / (1 - 1 / (2 lambda)). It is stated for lambda = beta, as in Achille's slides, and for the best
    lambda of the betas above 1/2, their number being paid for. With the log-uniform prior KL is
    known up to a constant only, and the number is no bound.

    References
    ----------
    Achille & Soatto (2018), JMLR, "Emergence of invariance and disentanglement in deep
    representations".
    Kingma, Salimans & Welling (2015), NeurIPS, "Variational dropout and the local
    reparameterization trick".
    McAllester (2013), "A PAC-Bayesian tutorial with a dropout bound".
    """

    name: ClassVar[str] = "variational_weights"
    purposes: ClassVar[tuple[str, ...]] = ("split", "labels", "weights", "noise", "draws")

    betas: Sequence[float]
    samples: int
    classes: int
    corrupted_shares: Sequence[float]
    hidden: Sequence[int]
    noise: str
    prior: str
    largest_alpha: float
    smallest_alpha: float
    initial_alpha: float
    parametrisation: str
    epochs: int
    learning_rate: float
    noise_learning_rate: float
    draws: int
    bound_chance: float
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("samples", "epochs", "draws", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("classes", self.classes, at_least=2)
        require_whole("seed", self.seed, at_least=0)
        for name in ("betas", "corrupted_shares"):
            object.__setattr__(self, name, require_different(name, getattr(self, name)))
        object.__setattr__(self, "hidden", require_widths("hidden", self.hidden))
        for beta in self.betas:
            require_positive("betas", beta)
        for share in self.corrupted_shares:
            require_not_negative("corrupted_shares", share)
            if share > 1:
                raise ValueError(f"corrupted_shares must be at most 1, not {share}")
        for name in ("learning_rate", "noise_learning_rate", "smallest_alpha", "largest_alpha"):
            require_positive(name, getattr(self, name))
        if not self.smallest_alpha < self.initial_alpha < self.largest_alpha:
            raise ValueError(
                f"initial_alpha must lie between smallest_alpha {self.smallest_alpha} and "
                f"largest_alpha {self.largest_alpha}, not {self.initial_alpha}"
            )
        if not 0 < self.bound_chance < 1:
            raise ValueError(f"bound_chance must lie between 0 and 1, not {self.bound_chance}")
        require_choice("noise", self.noise, NOISES)
        require_choice("prior", self.prior, PRIORS)
        require_choice("parametrisation", self.parametrisation, PARAMETRISATIONS)
        if self.noise == "additive" and self.prior == "log_uniform":
            raise ValueError("prior log_uniform is of multiplicative noise; additive noise: normal")

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks; those of one initialisation are one stack.

        Parameters
        ----------
        task : Task
            Of images or other inputs, which are flattened.

        Returns
        -------
        columns : dict of array
            ``init, beta, corrupted_share, samples, classes``; ``train_accuracy, test_accuracy`` and
            ``train_loss`` (nats a sample), means over drawn weights, the test set with its true
            labels; ``mean_train_accuracy, mean_test_accuracy`` of the mean weights; ``weights``,
            their number, and ``information_nats``; ``bound_at_beta`` (NaN for beta up to 1/2) and
            ``bound`` of the error on labels as corrupted as those of the training set; ``status``,
            ``ok`` or ``diverged``.

        Raises
        ------
        ValueError
            If the task has too few images, or fewer classes.
        """
        if task.classes < self.classes or len(task.labels) <= self.samples:
            raise ValueError(
                f"{self.samples} samples of {self.classes} classes, and a test set, cannot come "
                f"from a task of {len(task.labels)} patterns in {task.classes} classes"
            )
        return self.solve_all(task)

    def problem(self, task: Task, init: int) -> tuple[np.ndarray, ...]:
        """Draw an initialisation's training and test set.

        Returns
        -------
        training_inputs, training_labels, test_inputs, test_labels : tuple of array
            Inputs of shape (patterns, features); training labels of shape (shares, samples), test
            labels, the true ones, of shape (patterns,).
        """
        order = self.generator(init, "split").permutation(len(task.labels))
        training, test = np.split(order, [self.samples])
        inputs = task.inputs.reshape(len(task.labels), -1).astype(np.float32)
        labels = task.labels % self.classes
        draws = self.generator(init, "labels")
        place, other = draws.random(self.samples), draws.integers(self.classes, size=self.samples)
        shares = np.array(self.corrupted_shares)[:, None]
        corrupted = np.where(place < shares, other, labels[training])
        return inputs[training], corrupted, inputs[test], labels[test]

    def solve_one(self, task: Task, init: int) -> dict[str, np.ndarray]:
        """Train the networks of one initialisation; measure them."""
        from infoplane.models._variational_stack import VariationalStack

        inputs, labels, test_inputs, test_labels = self.problem(task, init)
        beta, share = (
            values.ravel()
            for values in np.meshgrid(self.betas, np.arange(len(labels)), indexing="ij")
        )
        stack = VariationalStack(self, inputs, labels[share], beta, init)
        stack.train()
        found = stack.evaluate(test_inputs, test_labels)
        finite = np.isfinite(found["train_loss"]) & np.isfinite(found["information_nats"])
        error, nats = 1 - found["train_accuracy"], found["information_nats"]
        count = np.full(len(beta), init)
        return {
            "init": count,
            "beta": beta,
            "corrupted_share": np.array(self.corrupted_shares, float)[share],
            "samples": np.full_like(count, self.samples),
            "classes": np.full_like(count, self.classes),
            **found,
            "bound_at_beta": catoni_bound(error, nats, self.samples, beta, self.bound_chance),
            "bound": self._best_bound(error, nats),
            "status": np.where(finite, "ok", "diverged"),
        }

    def _best_bound(self, error: np.ndarray, nats: np.ndarray) -> np.ndarray:
        """Return the least bound over lambda; each has its share of the chance to fail."""
        tried = [beta for beta in self.betas if beta > 0.5]
        if not tried:
            return np.full_like(error, np.nan)
        chance = self.bound_chance / len(tried)
        bounds = [
            catoni_bound(error, nats, self.samples, np.full_like(error, one), chance)
            for one in tried
        ]
        return np.min(bounds, axis=0)


def catoni_bound(
    error: np.ndarray, nats: np.ndarray, samples: int, rate: np.ndarray, chance: float
) -> np.ndarray:
    """Return the bound on the error of networks whose weights are drawn.

    Parameters
    ----------
    error : array of float, shape (networks,)
        On the training set, a share.
    nats : array of float, shape (networks,)
        Divergence of the weights' distribution from a prior.
    samples : int
        In the training set.
    rate : array of float, shape (networks,)
        lambda; there is no bound up to 1/2.
    chance : float
        That it fails.

    Returns
    -------
    bound : array of float, shape (networks,)
        NaN where there is none; above 1 it says nothing.
    """
    bound = np.full(np.shape(error), np.nan)
    there = rate > 0.5
    price = rate[there] * (nats[there] - np.log(chance)) / samples
    bound[there] = (error[there] + price) / (1 - 1 / (2 * rate[there]))
    return bound
