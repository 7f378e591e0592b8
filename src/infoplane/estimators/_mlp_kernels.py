"""Compiled training of a classifier with one hidden layer."""

from __future__ import annotations

import numpy as np

from infoplane.compiled.compilation import compiled
from infoplane.compiled.vector_math import ROUNDING

HIDDEN_UNITS = 32
# Samples, or features, whose products are added up at a time.
GROUP = 4
RATE = 1e-3
# As of Kingma & Ba (2015).
FIRST_DECAY, SECOND_DECAY, SMALLEST = 0.9, 0.999, 1e-8


@compiled(forceinline=True, **ROUNDING)
def _add_products(values, rows, start, total):
    """Add the products of `GROUP` values with as many rows, so that a sum is seldom stored."""
    a, b, c, d = values[start], values[start + 1], values[start + 2], values[start + 3]
    for unit in range(HIDDEN_UNITS):
        total[unit] += (
            a * rows[start, unit]
            + b * rows[start + 1, unit]
            + c * rows[start + 2, unit]
            + d * rows[start + 3, unit]
        )


@compiled(forceinline=True, **ROUNDING)
def _hidden(inputs, weights, biases, hidden):
    """Write what a sample's hidden units give."""
    hidden[:] = biases
    whole = inputs.size // GROUP * GROUP
    for feature in range(0, whole, GROUP):
        _add_products(inputs, weights, feature, hidden)
    for feature in range(whole, inputs.size):
        for unit in range(HIDDEN_UNITS):
            hidden[unit] += inputs[feature] * weights[feature, unit]
    for unit in range(HIDDEN_UNITS):
        hidden[unit] = hidden[unit] if hidden[unit] > 0.0 else 0.0


@compiled(forceinline=True, **ROUNDING)
def _probabilities(outputs):
    """Replace what the output units receive by probabilities; a single one is of class 1."""
    if outputs.size == 1:
        outputs[0] = 1.0 / (1.0 + np.exp(-outputs[0]))
        return
    largest, total = outputs.max(), 0.0
    for place in range(outputs.size):
        outputs[place] = np.exp(outputs[place] - largest)
        total += outputs[place]
    outputs /= total


@compiled(forceinline=True, **ROUNDING)
def _read(hidden, weights, biases, outputs):
    """Write the probabilities of a sample."""
    for place in range(outputs.size):
        outputs[place] = biases[place]
        for unit in range(HIDDEN_UNITS):
            outputs[place] += hidden[unit] * weights[place, unit]
    _probabilities(outputs)


@compiled(**ROUNDING)
def split(vector, features, outputs):
    """Return a vector of parameters or gradients as the two layers' weights and biases."""
    first, second = features * HIDDEN_UNITS, outputs * HIDDEN_UNITS
    biases = vector[first : first + HIDDEN_UNITS]
    rest = vector[first + HIDDEN_UNITS :]
    return (
        vector[:first].reshape(features, HIDDEN_UNITS),
        biases,
        rest[:second].reshape(outputs, HIDDEN_UNITS),
        rest[second:],
    )


@compiled(forceinline=True, **ROUNDING)
def _add_outer_slopes(label, outputs, hidden, outer, of_outer, of_outer_biases, slopes):
    """Add a sample's slopes in the output layer; write those in its hidden units."""
    if outputs.size == 1:
        outputs[0] -= label
    else:
        outputs[label] -= 1.0
    slopes[:] = 0.0
    for place in range(outputs.size):
        error = outputs[place]
        of_outer_biases[place] += error
        for unit in range(HIDDEN_UNITS):
            of_outer[place, unit] += error * hidden[unit]
            slopes[unit] += error * outer[place, unit]
    for unit in range(HIDDEN_UNITS):
        slopes[unit] = slopes[unit] if hidden[unit] > 0.0 else 0.0


@compiled(**ROUNDING)
def _add_slopes(features, labels, batch, layers, gradients, outputs):
    """Add the loss's slopes of at most `GROUP` samples in all weights and biases."""
    weights, biases, outer, outer_biases = layers
    of_weights, of_biases, of_outer, of_outer_biases = gradients
    hidden, slopes = np.empty(HIDDEN_UNITS), np.zeros((GROUP, HIDDEN_UNITS))
    values = np.zeros((features.shape[1], GROUP))
    for place, sample in enumerate(batch):
        inputs = features[sample]
        values[:, place] = inputs
        _hidden(inputs, weights, biases, hidden)
        _read(hidden, outer, outer_biases, outputs)
        _add_outer_slopes(
            labels[sample], outputs, hidden, outer, of_outer, of_outer_biases, slopes[place]
        )
        of_biases += slopes[place]
    for feature in range(len(values)):
        _add_products(values[feature], slopes, 0, of_weights[feature])


@compiled(forceinline=True, **ROUNDING)
def _adam_step(parameters, gradients, first, second, step):
    """Take one step of Adam."""
    shrink = np.sqrt(1 - SECOND_DECAY**step)
    length = RATE * shrink / (1 - FIRST_DECAY**step)
    for place in range(parameters.size):
        slope = gradients[place]
        first[place] = FIRST_DECAY * first[place] + (1 - FIRST_DECAY) * slope
        second[place] = SECOND_DECAY * second[place] + (1 - SECOND_DECAY) * (slope * slope)
        parameters[place] -= length * first[place] / (np.sqrt(second[place]) + SMALLEST)


@compiled(**ROUNDING)
def train(features, labels, orders, batch_size, decay, parameters, outputs):
    """Train by Adam on the cross-entropy and half the squared weights, over a batch's samples.

    Parameters
    ----------
    features : array of float64, shape (samples, features)
    labels : array of int64, shape (samples,)
        Numbered from 0.
    orders : array of int64, shape (epochs, samples)
        Of the samples, in each epoch.
    batch_size : int
        An epoch's last batch may be smaller.
    decay : float
        Factor of half the squared weights.
    parameters : array of float64
        Weights and biases of the hidden layer, then of the output; to be trained.
    outputs : int
        1 for two classes, else their number.
    """
    gradients = np.zeros_like(parameters)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    units = features.shape[1]
    layers, slopes = split(parameters, units, outputs), split(gradients, units, outputs)
    probabilities = np.empty(outputs)
    step = 0
    for order in orders:
        for start in range(0, order.size, batch_size):
            batch = order[start : start + batch_size]
            gradients[:] = 0.0
            for place in range(0, batch.size, GROUP):
                group = batch[place : place + GROUP]
                _add_slopes(features, labels, group, layers, slopes, probabilities)
            slopes[0][:] += decay * layers[0]
            slopes[2][:] += decay * layers[2]
            gradients /= batch.size
            step += 1
            _adam_step(parameters, gradients, first, second, step)


@compiled(**ROUNDING)
def predict(features, parameters, outputs):
    """Return the probabilities of a trained classifier's outputs.

    Parameters
    ----------
    features : array of float64, shape (samples, features)
    parameters : array of float64
    outputs : int

    Returns
    -------
    array of float64, shape (samples, outputs)
    """
    weights, biases, outer, outer_biases = split(parameters, features.shape[1], outputs)
    probabilities, hidden = np.empty((len(features), outputs)), np.empty(HIDDEN_UNITS)
    for sample in range(len(features)):
        _hidden(features[sample], weights, biases, hidden)
        _read(hidden, outer, outer_biases, probabilities[sample])
    return probabilities
