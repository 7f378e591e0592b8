"""Beta-VAEs: how much a latent code tells of its image, and how far its parts hang together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_positive, require_whole
from infoplane.models._stacked import StackedModel
from infoplane.models.base import require_different, require_widths
from infoplane.tasks.base import Task


@dataclass(frozen=True)
class BetaVaeModel(StackedModel):
    """Describe autoencoders whose code is noisy and paid for.

    The code z is normal given the image, its parts independent, with means and deviations that the
    encoder gives; the loss of an image is the cross-entropy of its pixels, summed, plus beta times
    the divergence of z from independent standard normal variables.

    Parameters
    ----------
    betas : list of float
        Each at least 0; 1 is the variational bound on the likelihood.
    hidden : list of int
        Widths of the encoder, tanh; the decoder has them in reverse.
    latent : int
        Parts of the code, at least 2.
    steps, batch_size : int
        Of Adam.
    learning_rate : float
        A tenth from 70 % of the steps on, a hundredth from 90 % on.
    measured : int
        Images whose code is drawn, to measure with.
    initialisations, seed : int
        Each has its own weights, batches and noise, the same for all betas.

    Notes
    -----
    X is any of the task's images, all equally likely, so that the code's density q(z) is a mixture
    with a part for each, and so is that of a single z_i: both are computed over all images. Only
    which z they are averaged over is drawn. With h the entropies,

        I(z;x) = h(z) - h(z|x),  TC(z) = sum_i h(z_i) - h(z),

    and the mean divergence is I(z;x) + TC(z) + sum_i KL(q(z_i) || p(z_i)). I(z;x) is at most log2
    of the number of images. A rotation of z changes neither I(z;x) nor the divergence from the
    prior: what it does to TC(z) is due to the axes alone.

    References
    ----------
    Higgins et al. (2017), ICLR, "beta-VAE: learning basic visual concepts with a constrained
    variational framework". Chen et al. (2018), NeurIPS, "Isolating sources of disentanglement in
    variational autoencoders", equation 2. Achille & Soatto (2018), JMLR, section 4.
    """

    name: ClassVar[str] = "beta_vae"
    purposes: ClassVar[tuple[str, ...]] = ("weights", "noise", "batches", "measured")

    betas: Sequence[float]
    hidden: Sequence[int]
    latent: int
    steps: int
    batch_size: int
    learning_rate: float
    measured: int
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("steps", "batch_size", "measured", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("latent", self.latent, at_least=2)
        require_whole("seed", self.seed, at_least=0)
        object.__setattr__(self, "betas", require_different("betas", self.betas))
        for beta in self.betas:
            require_positive("betas", beta)
        object.__setattr__(self, "hidden", require_widths("hidden", self.hidden))
        require_positive("learning_rate", self.learning_rate)

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks on all images; those of one initialisation are one stack.

        Parameters
        ----------
        task : Task
            Inputs lie between 0 and 1; they are flattened.

        Returns
        -------
        columns : dict of array
            ``init, beta``; ``information_bits``, I(z;x); ``correlation_bits``, TC(z), and
            ``rotated_bits, rotated_again_bits``, the same of z after two random rotations;
            ``divergence_bits``, the mean divergence from the prior; ``ceiling_bits``, log2 of the
            images; ``reconstruction_nats``, an image; ``status``, ``ok`` or ``diverged``.

        Raises
        ------
        ValueError
            If inputs are below 0 or above 1.
        """
        if task.inputs.min() < 0 or task.inputs.max() > 1:
            raise ValueError("a beta-VAE takes inputs between 0 and 1, as probabilities of pixels")
        return self.solve_all(task)

    def solve_one(self, task: Task, init: int) -> dict[str, np.ndarray]:
        """Train the networks of one initialisation; measure what their codes hold."""
        from infoplane.models._vae_stack import VaeStack

        inputs = task.inputs.reshape(len(task.labels), -1).astype(np.float32)
        stack = VaeStack(self, inputs, init)
        stack.train(self.generator(init, "batches"))
        means, deviations, lost = stack.codes()
        draws = self.generator(init, "measured")
        chosen = draws.integers(len(inputs), size=self.measured)
        normal = draws.standard_normal((self.measured, self.latent))
        rotations = [random_rotation(draws, self.latent) for _ in range(2)]
        found = []
        for mean, deviation in zip(means, deviations, strict=True):
            drawn = mean[chosen] + deviation[chosen] * normal
            bits = code_information(mean, deviation, drawn, chosen, rotations)
            found.append((*bits, divergence(mean, deviation)))
        information, correlation, rotated, again, paid = np.array(found).T / math.log(2)
        finite = np.isfinite(np.array(found)).all(axis=1) & np.isfinite(lost)
        count = len(self.betas)
        return {
            "init": np.full(count, init),
            "beta": np.array(self.betas, float),
            "information_bits": information,
            "correlation_bits": correlation,
            "rotated_bits": rotated,
            "rotated_again_bits": again,
            "divergence_bits": paid,
            "ceiling_bits": np.full(count, math.log2(len(inputs))),
            "reconstruction_nats": lost,
            "status": np.where(finite, "ok", "diverged"),
        }


def code_information(
    means: np.ndarray,
    deviations: np.ndarray,
    drawn: np.ndarray,
    chosen: np.ndarray,
    rotations: Sequence[np.ndarray] = (),
) -> tuple[float, ...]:
    """Return I(z;x) and TC(z) of a mixture of normal codes, in nats.

    Parameters
    ----------
    means, deviations : array of float, shape (images, parts)
        Of the code of each image, all equally likely.
    drawn : array of float, shape (draws, parts)
        Codes of images that were drawn.
    chosen : array of int, shape (draws,)
        Which images.
    rotations : sequence of array of float, shape (parts, parts)
        Orthogonal; their rows are other axes.

    Returns
    -------
    information, correlation, *rotated : float
        Averages over the drawn codes; the last are TC along the other axes.
    """
    own = log_normal_density(drawn, means[chosen], deviations[chosen]).sum(axis=1)
    joint, parts = mixture_densities(means, deviations, drawn)
    found = [own - joint, joint - parts.sum(axis=1)]
    for rotation in rotations:
        # The density of all parts together turns with them; one part's is a mixture as before.
        turned = means @ rotation.T, np.sqrt(deviations**2 @ (rotation**2).T)
        _, parts = mixture_densities(*turned, drawn @ rotation.T)
        found.append(joint - parts.sum(axis=1))
    return tuple(float(values.mean()) for values in found)


def mixture_densities(
    means: np.ndarray, deviations: np.ndarray, drawn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of a mixture's density at some codes, of all parts and of each.

    Parameters
    ----------
    means, deviations : array of float, shape (images, parts)
    drawn : array of float, shape (draws, parts)

    Returns
    -------
    joint : array of float64, shape (draws,)
        As if the parts were independent given the image.
    parts : array of float64, shape (draws, parts)
    """
    joint, parts = np.zeros((len(drawn), len(means))), np.empty(drawn.shape)
    for place in range(drawn.shape[1]):
        one = log_normal_density(drawn[:, place, None], means[:, place], deviations[:, place])
        parts[:, place] = _log_mean_exp(one)
        joint += one
    return _log_mean_exp(joint), parts


def log_normal_density(values: np.ndarray, means: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the logarithm of normal densities."""
    scaled = (values - means) / deviations
    return -(scaled**2) / 2 - np.log(deviations) - math.log(2 * math.pi) / 2


def divergence(means: np.ndarray, deviations: np.ndarray) -> float:
    """Return the mean divergence of normal codes from standard normal ones, in nats."""
    each = (means**2 + deviations**2 - 1) / 2 - np.log(deviations)
    return float(each.sum(axis=1).mean())


def random_rotation(draws: np.random.Generator, size: int) -> np.ndarray:
    """Return an orthogonal matrix, all equally likely (Mezzadri 2007)."""
    matrix, triangle = np.linalg.qr(draws.standard_normal((size, size)))
    return matrix * np.sign(np.diag(triangle))


def _log_mean_exp(values: np.ndarray) -> np.ndarray:
    """Return the logarithm of the mean over the last axis of exponentials."""
    largest = values.max(axis=-1)
    return largest + np.log(np.exp(values - largest[..., None]).mean(axis=-1))
