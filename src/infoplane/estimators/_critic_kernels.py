"""Compiled loops of a critic's training, between its products of matrices."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import LOG2_E, ROUNDING, TWO, ZERO
from infoplane.estimators._kde_kernels import REGROUPED, negative_power_of_two
from infoplane.estimators._mixture_kernels import largest_of

# As of Kingma & Ba (2015).
FIRST_DECAY, SECOND_DECAY, SMALLEST = 0.9, 0.999, 1e-8


@compiled(**ROUNDING)
def rectify(layer, biases, linear, hidden):
    """Write the linear part of a layer with other biases added, and the rest where it is above 0.

    Parameters
    ----------
    layer : array of float32, shape (samples, linear units + hidden units)
    biases : array of float32, shape (linear units,)
    linear, hidden : arrays of float32, shapes (samples, linear units), (samples, hidden units)
        To be written.
    """
    units = biases.size
    for sample in range(len(layer)):
        for unit in range(units):
            linear[sample, unit] = layer[sample, unit] + biases[unit]
        for unit in range(hidden.shape[1]):
            value = layer[sample, units + unit]
            hidden[sample, unit] = value if value > ZERO else ZERO


@compiled(**ROUNDING)
def _subtract_squares(scores, squares):
    """Turn products into minus the squared distance, but for what is the same for all."""
    for column in range(scores.size):
        scores[column] = TWO * scores[column] - squares[column]


@compiled(**ROUNDING)
def _exponentiate(scores, largest):
    for column in range(scores.size):
        scores[column] = negative_power_of_two((largest - scores[column]) * LOG2_E)


@compiled(**REGROUPED)
def _sum(values):
    total = ZERO
    for place in range(values.size):
        total += values[place]
    return total


@compiled(**ROUNDING)
def _scale(values, factor, totals):
    for place in range(values.size):
        values[place] *= factor
        totals[place] += values[place]


@compiled(**ROUNDING)
def contrast(products, columns, totals):
    """Replace the products of all pairs by twice the loss's slopes in their scores.

    Parameters
    ----------
    products : array of float32, shape (pairs, pairs)
        Of every row with every column; a score is minus their squared distance.
    columns : array of float32, shape (pairs, units)
    totals : array of float32, shape (pairs,)
        To be filled with the sums of the slopes over the rows.
    """
    pairs = len(products)
    squares = np.zeros(pairs, np.float32)
    for column in range(pairs):
        for unit in range(columns.shape[1]):
            squares[column] += columns[column, unit] * columns[column, unit]
    totals[:] = ZERO
    share = TWO / np.float32(pairs)
    for row in range(pairs):
        scores = products[row]
        _subtract_squares(scores, squares)
        _exponentiate(scores, largest_of(scores))
        _scale(scores, share / _sum(scores), totals)
        scores[row] -= share
        totals[row] -= share


@compiled(**ROUNDING)
def pull_columns(columns, totals, slopes):
    """Turn the products of slopes and rows into the loss's slopes in the columns' embeddings.

    Parameters
    ----------
    columns : array of float32, shape (pairs, units)
    totals : array of float32, shape (pairs,)
    slopes : array of float32, shape (pairs, units)
        Replaced.
    """
    for column in range(len(columns)):
        for unit in range(columns.shape[1]):
            slopes[column, unit] -= totals[column] * columns[column, unit]


@compiled(**ROUNDING)
def mask(outer, inner, hidden, slopes, biases, outer_biases):
    """Put the slopes in a layer's units side by side, and add them up for its biases.

    Parameters
    ----------
    outer : array of float32, shape (samples, linear units)
    inner : array of float32, shape (samples, hidden units)
        Before the rectifier is taken into account.
    hidden : array of float32, shape (samples, hidden units)
    slopes : array of float32, shape (samples, linear units + hidden units)
    biases, outer_biases : arrays of float32, shapes (linear + hidden units,), (linear units,)
        To be written, like the slopes.
    """
    units = outer.shape[1]
    biases[:] = ZERO
    for sample in range(len(outer)):
        for unit in range(units):
            slopes[sample, unit] = outer[sample, unit]
        for unit in range(inner.shape[1]):
            slope = inner[sample, unit] if hidden[sample, unit] > ZERO else ZERO
            slopes[sample, units + unit] = slope
        for unit in range(biases.size):
            biases[unit] += slopes[sample, unit]
    outer_biases[:] = biases[:units]


@compiled(**ROUNDING)
def adam_step(parameters, gradients, first, second, step, rate):
    """Take one step of Adam.

    Parameters
    ----------
    parameters, gradients : arrays of float32, shape (parameters,)
    first, second : arrays of float32, shape (parameters,)
        Moments, to be moved on like the parameters.
    step : int
        From 1 on.
    rate : float
    """
    keep, keep_square = np.float32(FIRST_DECAY), np.float32(SECOND_DECAY)
    new, new_square = np.float32(1 - FIRST_DECAY), np.float32(1 - SECOND_DECAY)
    length = np.float32(rate / (1 - FIRST_DECAY**step))
    shrink = np.float32(1 / np.sqrt(1 - SECOND_DECAY**step))
    smallest = np.float32(SMALLEST)
    for place in range(parameters.size):
        slope = gradients[place]
        first[place] = keep * first[place] + new * slope
        second[place] = keep_square * second[place] + new_square * (slope * slope)
        size = np.sqrt(second[place]) * shrink + smallest
        parameters[place] -= length * first[place] / size
