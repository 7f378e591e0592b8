"""Tasks whose mutual information is known, to judge estimators by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import scipy
from scipy.special import ndtr

# Noise that tells +-1 apart with an error of about 1e-23: it changes no information.
HARMLESS_VARIANCE = 0.01
REACH = 12.0


@dataclass(frozen=True)
class Draw:
    """Hold samples of one task with the truth.

    Attributes
    ----------
    inputs : array of float, shape (samples, dimension)
        X, for estimators of two continuous variables. The same as `layer` where X has no
        values of its own.
    layer : array of float32, shape (samples, dimension)
        The layer without its noise; estimators that declare noise add their own.
    observed : array of float, shape (samples, dimension)
        The layer with its noise in double precision, in which estimators that declare noise draw
        theirs; the same as `layer` if the task has none.
    labels : array of int, shape (samples,)
    mi_input_bits, mi_label_bits : float
        The known I(X;T) and I(T;Y), in bits; NaN if the task has no known value.
    networks : array of float, shape (networks, samples, dimension), optional
        The layer of each network, if it is of several; `layer` is then the first's.
    """

    inputs: np.ndarray
    layer: np.ndarray
    observed: np.ndarray
    labels: np.ndarray
    mi_input_bits: float
    mi_label_bits: float
    networks: np.ndarray | None = None


@dataclass(frozen=True)
class AuditTask:
    """Describe one task.

    Attributes
    ----------
    name : str
        Unique, with the parameters in it.
    family : str
        What kind of task it is.
    dimension : int
        Units of the layer.
    noise_variance : float
        Of the Gaussian noise in each unit; 0 if the layer is a function of X.
    make : callable (samples, generator) -> Draw
    several_networks : bool
        Whether the layer is of several networks as one.
    pairs : bool
        Whether it is no layer, but two real-valued variables, kept in double precision.
    relative_noise : float
        Of Gaussian dropout, whose noise grows with each unit; 0 if there is none.
    most_samples : int or None
        How many can be drawn, of data that there is no more of.
    """

    name: str
    family: str
    dimension: int
    noise_variance: float
    make: Callable[[int, np.random.Generator], Draw]
    several_networks: bool = False
    pairs: bool = False
    relative_noise: float = 0.0
    most_samples: int | None = None

    @property
    def two_variables(self) -> bool:
        """Return whether T is no function of X, so that I(X;T) is one of pairs of values."""
        return self.pairs or self.noise_variance > 0

    def draw(self, samples: int, seed: int | list[int]) -> Draw:
        """Draw samples.

        Parameters
        ----------
        samples : int
            An even number of at least 4.
        seed : int or list of int

        Returns
        -------
        Draw
            Its layers in single precision, as the activations of the study are stored; the truth
            is that of the task, whatever rounding does to it.
        """
        if samples < 4 or samples % 2:
            raise ValueError(f"samples must be an even number of at least 4, not {samples!r}")
        if samples > (self.most_samples or samples):
            raise ValueError(
                f"samples of {self.name} must be at most {self.most_samples}, not {samples}"
            )
        draw = self.make(samples, np.random.default_rng(seed))
        layer = draw.layer.astype(np.float32)
        observed = draw.observed if self.two_variables else layer
        networks = None if draw.networks is None else draw.networks.astype(np.float32)
        return replace(draw, layer=layer, observed=observed, networks=networks)


def binary_entropy_bits(probability: float) -> float:
    """Return the entropy of a binary variable.

    Parameters
    ----------
    probability : float
        Of one of its values.

    Returns
    -------
    float
        In bits.
    """
    return float(-sum(p * math.log2(p) for p in (probability, 1 - probability) if p > 0))


@cache
def sign_information_bits(noise_variance: float) -> float:
    """Return I(x + n; sign of x) for a standard normal x and Gaussian noise n.

    Parameters
    ----------
    noise_variance : float

    Returns
    -------
    float
        1 - E[h2(p(x > 0 | t))], in bits, by quadrature.
    """
    spread = math.sqrt(1 + noise_variance)
    slope = 1 / (math.sqrt(noise_variance) * spread)
    uncertainty = scipy.integrate.quad(
        lambda t: scipy.stats.norm.pdf(t, scale=spread)
        * binary_entropy_bits(float(ndtr(slope * t))),
        -REACH * spread,
        REACH * spread,
        points=[0.0],
        limit=200,
    )[0]
    return 1 - uncertainty


@cache
def tanh_layer_information_bits(weight: float, noise_variance: float) -> tuple[float, float]:
    """Return the information of T = tanh(w x) + n for a standard normal x, by quadrature.

    Parameters
    ----------
    weight : float
        w.
    noise_variance : float
        Of the Gaussian n.

    Returns
    -------
    mi_input_bits, mi_label_bits : tuple of float
        I(x;T) = h(T) - h(n), and I(T;Y) for the label Y = [x > 0], in bits.

    Notes
    -----
    p(t) is the average of the noise's density over 4000 equally probable midpoints of x; the
    entropies are sums over a grid of a twentieth of the noise's deviation. Halving either
    step changes the result by less than 1e-3 bits down to deviations of 0.01.
    """
    deviation = math.sqrt(noise_variance)
    quantiles = (np.arange(2000) + 0.5) / 4000
    negative = np.tanh(weight * scipy.stats.norm.ppf(quantiles))
    reach = 1 + 8 * deviation
    grid, step = np.linspace(-reach, reach, 2 * math.ceil(20 * reach / deviation) + 1, retstep=True)
    # Written out: scipy's own checks of its arguments take longer than the exponentials.
    away = ((t - negative) / deviation for t in grid)
    peak = math.sqrt(2 * math.pi)
    given_negative = np.array([(np.exp(-(z**2) / 2) / peak / deviation).mean() for z in away])
    given_positive = given_negative[::-1]

    def entropy_bits(density: np.ndarray) -> float:
        positive = density[density > 0]
        return float(-np.sum(positive * np.log2(positive)) * step)

    entropy = entropy_bits((given_negative + given_positive) / 2)
    noise_entropy = 0.5 * math.log2(2 * math.pi * math.e * noise_variance)
    of_label = entropy - (entropy_bits(given_negative) + entropy_bits(given_positive)) / 2
    return entropy - noise_entropy, of_label


def gaussian_channel(correlation: float, dimension: int) -> AuditTask:
    """Return T = X + noise for standard normal X, with the sign of the first unit as label.

    Parameters
    ----------
    correlation : float
        Of each unit of T with the same unit of X, between 0 and 1.
    dimension : int

    Returns
    -------
    AuditTask
        I(X;T) = -(d / 2) log2(1 - correlation^2).
    """
    variance = 1 / correlation**2 - 1

    def make(samples: int, generator: np.random.Generator) -> Draw:
        x, noise = generator.standard_normal((2, samples, dimension))
        information = -0.5 * dimension * math.log2(1 - correlation**2)
        labels = (x[:, 0] > 0).astype(np.int64)
        observed = x + math.sqrt(variance) * noise
        return Draw(x, x, observed, labels, information, sign_information_bits(variance))

    name = f"gaussian_{correlation:g}_{dimension}d"
    return AuditTask(name, "gaussian_channel", dimension, variance, make)


def tanh_channel(weight: float, noise_variance: float) -> AuditTask:
    """Return T = tanh(w x) + noise for a standard normal x, with the sign of x as label.

    Parameters
    ----------
    weight : float
    noise_variance : float

    Returns
    -------
    AuditTask
        Known by quadrature (`tanh_layer_information_bits`).
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        x, noise = generator.standard_normal((2, samples, 1))
        layer = np.tanh(weight * x)
        truth = tanh_layer_information_bits(weight, noise_variance)
        observed = layer + math.sqrt(noise_variance) * noise
        return Draw(x, layer, observed, (x[:, 0] > 0).astype(np.int64), *truth)

    name = f"tanh_{weight:g}_noise_{noise_variance:g}"
    return AuditTask(name, "tanh_channel", 1, noise_variance, make)


def binary_symmetric_channel(flip: float) -> AuditTask:
    """Return a layer of -1 and 1, half each, whose label is its sign flipped at random.

    Parameters
    ----------
    flip : float
        Probability of a flip.

    Returns
    -------
    AuditTask
        I(X;T) = 1 bit and I(T;Y) = 1 - h2(flip), for the population of labels. The declared
        noise is too small to change either.
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        bits = generator.permutation(np.arange(samples) % 2)
        labels = bits ^ (generator.random(samples) < flip)
        layer = (2.0 * bits - 1)[:, None]
        observed = layer + math.sqrt(HARMLESS_VARIANCE) * generator.standard_normal(layer.shape)
        return Draw(layer, layer, observed, labels, 1.0, 1 - binary_entropy_bits(flip))

    return AuditTask(f"binary_{flip:g}", "discrete_channel", 1, HARMLESS_VARIANCE, make)


def uniform_noise_channel(levels: int) -> AuditTask:
    """Return T = Y + U for a uniform label of several levels and U uniform on [0, 2].

    Parameters
    ----------
    levels : int

    Returns
    -------
    AuditTask
        I(T;Y) = log2(levels) - (levels - 1) / levels (Gao et al. 2017, NeurIPS). T is scaled
        to [-1, 1]; I(X;T) has no value here.
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        labels = generator.integers(0, levels, samples)
        values = labels + generator.uniform(0, 2, samples)
        layer = (2 * values / (levels + 1) - 1)[:, None]
        truth = math.log2(levels) - (levels - 1) / levels
        return Draw(layer, layer, layer, labels, math.nan, truth)

    return AuditTask(f"uniform_{levels}", "uniform_noise_channel", 1, 0.0, make)
