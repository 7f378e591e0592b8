"""Plug-in information of representations that have been made discrete."""

from __future__ import annotations

import math

import numpy as np

from infoplane.estimators._row_parts import PART_BYTES
from infoplane.estimators.base import Estimate

# Of more, sorting rows as they are takes less time than sorting columns and what they tell apart.
COLUMNS_BY_WORDS = 3
LARGEST_CODE = np.iinfo(np.int64).max


def entropy_bits(numbers: np.ndarray) -> float:
    """Return the plug-in entropy of a discrete variable.

    Parameters
    ----------
    numbers : array of int, shape (samples,)
        The value of each sample, numbered from 0.

    Returns
    -------
    float
        H = log2(samples) - sum_c n_c log2(n_c) / samples, in bits.
    """
    counts = np.bincount(numbers)
    counts = counts[counts > 0]
    return float(np.log2(numbers.size) - np.dot(counts, np.log2(counts)) / numbers.size)


def row_numbers(codes: np.ndarray, levels: int) -> np.ndarray:
    """Number the distinct rows of a table of small whole numbers.

    Parameters
    ----------
    codes : array of int, shape (rows, units)
        Values 0 .. levels - 1.
    levels : int
        How many values each unit may take.

    Returns
    -------
    array of int64, shape (rows,)
        0 .. distinct rows - 1, equal where and only where two rows are equal.
    """
    numbers = np.zeros(len(codes), dtype=np.int64)
    distinct = 1
    for column in codes.T:
        if distinct > LARGEST_CODE // levels:
            values, numbers = np.unique(numbers, return_inverse=True)
            distinct = len(values)
        numbers = numbers * levels + column
        distinct *= levels
    return np.unique(numbers, return_inverse=True)[1]


def exact_row_numbers(values: np.ndarray, precision: str | None = None) -> np.ndarray:
    """Number the distinct rows of a table, compared value by value without tolerance.

    Parameters
    ----------
    values : array, shape (rows, units)
        Finite values; 0.0 and -0.0 count as equal.
    precision : str, optional
        Type to round the values to first; by default their own.

    Returns
    -------
    array of int64, shape (rows,)
        0 .. distinct rows - 1.
    """
    precision = np.dtype(precision or values.dtype)
    count, units = values.shape
    step = max(1, PART_BYTES // (precision.itemsize * count))
    numbers = _numbers_of_part(values[:, :step], precision)
    # Of a wide table some units at a time, and no more of them once all rows are told apart.
    for start in range(step, units, step):
        if numbers.max() == count - 1:
            break
        of_part = _numbers_of_part(values[:, start : start + step], precision)
        numbers = np.unique(numbers * count + of_part, return_inverse=True)[1]
    return numbers


def _numbers_of_part(values: np.ndarray, precision: np.dtype) -> np.ndarray:
    rows = np.ascontiguousarray(values.astype(precision, copy=False) + precision.type(0))
    # Words in the order of their bytes, so that few columns are numbered as whole rows would be.
    words = rows.view(f"u{rows.dtype.itemsize}").T
    states, numbers = np.unique(words[0].byteswap(), return_inverse=True)
    if len(states) == len(rows):
        return numbers
    if rows.shape[1] > COLUMNS_BY_WORDS:
        bytes_of_row = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        return np.unique(bytes_of_row, return_inverse=True)[1]
    for column in words[1:]:
        states, of_column = np.unique(column.byteswap(), return_inverse=True)
        numbers = np.unique(numbers * len(states) + of_column, return_inverse=True)[1]
    return numbers


def conditional_entropy_bits(numbers: np.ndarray, groups: np.ndarray) -> float:
    """Return H(numbers | groups), both discrete, by plugging in the counts.

    Parameters
    ----------
    numbers, groups : array of int, shape (samples,)
        Values numbered from 0.

    Returns
    -------
    float
        In bits.
    """
    joint = row_numbers(np.stack([groups, numbers], axis=1), max(groups.max(), numbers.max()) + 1)
    return entropy_bits(joint) - entropy_bits(groups)


def deterministic_estimate(
    numbers: np.ndarray, labels: np.ndarray, largest_bits: float = math.inf
) -> Estimate:
    """Estimate both informations of a discrete representation of distinct input patterns.

    Every pattern occurs once and its representation is a function of it, so that H(T|X) = 0
    and I(X;T) = H(T), at most log2(samples).

    Parameters
    ----------
    numbers : array of int, shape (samples,)
        The number of each pattern's discrete representation.
    labels : array of int, shape (samples,)
        Classes numbered from 0.
    largest_bits : float
        log2 of how many states the representation can have, in bits.

    Returns
    -------
    Estimate
        In bits.
    """
    entropy = entropy_bits(numbers)
    label_entropy_given_state = conditional_entropy_bits(labels, numbers)
    return Estimate(
        mi_input_bits=entropy,
        mi_label_bits=entropy_bits(labels) - label_entropy_given_state,
        ceiling_bits=min(math.log2(numbers.size), largest_bits),
    )


def duplicate_share(values: np.ndarray) -> float:
    """Return the share of rows that are not the first of their kind.

    Parameters
    ----------
    values : array of float, shape (rows, units)

    Returns
    -------
    float
        0 if all rows differ, (rows - 1) / rows if all are equal.
    """
    return 1.0 - (int(exact_row_numbers(values).max()) + 1) / len(values)
