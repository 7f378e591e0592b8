"""What noisy weights do to units, and its derivatives, for all networks of a stack in one pass.

By automatic differentiation PyTorch goes over all units of all samples, and over all weights, some
fifteen times a step, which takes longer than the matrix products.
"""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING, exp32

# Of the variance of what a unit receives, whose root has no slope at 0.
LEAST_VARIANCE = np.float32(1e-12)
ZERO, HALF, ONE, TWO = np.float32([0.0, 0.5, 1.0, 2.0])


@compiled(**ROUNDING)
def receive(means, variances, noise):
    """Turn the means of what units receive into draws, the variances into their derivatives.

    Parameters
    ----------
    means, variances : array of float32, shape (networks, units of all samples)
        Changed: to means plus deviations times noise, and to what these change by with the
        variance, noise over twice the deviation.
    noise : array of float32, shape (units of all samples,)
        The same for all networks.
    """
    for network in range(means.shape[0]):
        nets, spread = means[network], variances[network]
        for unit in range(len(nets)):
            deviation = np.sqrt(spread[unit] + LEAST_VARIANCE)
            nets[unit] += deviation * noise[unit]
            spread[unit] = HALF * noise[unit] / deviation


@compiled(**ROUNDING)
def rectify(nets, squares):
    """Cut what rectified linear units receive at 0, and set the squares of that.

    Parameters
    ----------
    nets, squares : array of float32, shape (networks, units of all samples)
        The former is changed; nan stays.
    """
    for network in range(nets.shape[0]):
        values, own = nets[network], squares[network]
        for unit in range(len(values)):
            value = ZERO if values[unit] < ZERO else values[unit]
            values[unit] = value
            own[unit] = value * value


@compiled(**ROUNDING)
def rectify_back(of_values, of_squares, values, slopes):
    """Turn gradients in units' outputs and their squares into those in means and variances.

    Parameters
    ----------
    of_values : array of float32, shape (networks, units of all samples)
        Changed to the gradient in the means of what units receive.
    of_squares : array of float32, the same shape
        Changed to the gradient in the variances.
    values, slopes : array of float32, the same shape
        From `rectify` and `receive`.
    """
    for network in range(values.shape[0]):
        firsts, seconds = of_values[network], of_squares[network]
        own, by_variance = values[network], slopes[network]
        for unit in range(len(own)):
            slope = firsts[unit] + TWO * own[unit] * seconds[unit]
            slope = slope if own[unit] > ZERO else ZERO
            firsts[unit] = slope
            seconds[unit] = slope * by_variance[unit]


@compiled(**ROUNDING)
def expect_back(nets, labels, slopes):
    """Turn what the output layer receives into gradients in the means and variances of that.

    Parameters
    ----------
    nets : array of float32, shape (networks, samples, classes)
        Changed to the gradient of the cross-entropy in the means: probabilities, less 1 at the
        label.
    labels : array of int64, shape (networks, samples)
    slopes : array of float32, the shape of the nets
        From `receive`; changed to the gradient in the variances.
    """
    for network in range(nets.shape[0]):
        for sample in range(nets.shape[1]):
            own, by_variance = nets[network, sample], slopes[network, sample]
            largest, total = own[0], ZERO
            for unit in range(1, len(own)):
                largest = max(largest, own[unit])
            for unit in range(len(own)):
                own[unit] = exp32(own[unit] - largest)
            for unit in range(len(own)):
                total += own[unit]
            for unit in range(len(own)):
                own[unit] /= total
            own[labels[network, sample]] -= ONE
            for unit in range(len(own)):
                by_variance[unit] *= own[unit]


@compiled(**ROUNDING)
def grow_back(weights, growths, of_weights, of_variances):
    """Turn gradients in means and variances of log-normal weights into those in weights and alphas.

    Parameters
    ----------
    weights : array of float32, shape (networks, weights)
    growths : array of float32, the same shape
        exp(alpha) - 1: the variance is its product with the squared weight.
    of_weights : array of float32, the same shape
        Gradient in the means; that by way of the variances is added.
    of_variances : array of float32, the same shape
        Gradient in the variances; changed to that in the alphas.
    """
    for network in range(weights.shape[0]):
        own, growth = weights[network], growths[network]
        of_own, of_spread = of_weights[network], of_variances[network]
        for place in range(len(own)):
            slope = of_spread[place] * own[place]
            of_own[place] += TWO * growth[place] * slope
            of_spread[place] = slope * own[place] * (growth[place] + ONE)
