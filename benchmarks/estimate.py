"""Time the estimators side by side with other ways to the same numbers, on one thread.

Every contender of a comparison runs in every round, so that a slow spell of the machine hits all
alike: the fastest of three trials, each of one call or as many as fill a hundredth of a second, so
that none pays for fetching memory that the system took back while another ran. Times are medians
over rounds, ratios are medians of the rounds' ratios, all in processor time of this process, to
which waiting for other jobs does not add. Before anything is timed the results are compared.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.neighbors import KernelDensity
from threadpoolctl import threadpool_limits

from infoplane.estimators import make_estimator
from infoplane.estimators.kde import kde_bounds

UNITS, CLASSES, BINS, NOISE_VARIANCE = 10, 2, 30, 0.1
PAPER_SAMPLES = 4096
SCALING_SAMPLES = (1024, 2048, 4096, 8192, 16384)
ROUNDS = {"binned": 9, "kde": 5, "scaling": 5}
TRIALS, TRIAL_SECONDS = 3, 0.01
OURS = "infoplane"

Contender = Callable[[np.ndarray, np.ndarray], list[float]]


def tanh_layer(samples: int, units: int = UNITS) -> tuple[np.ndarray, np.ndarray]:
    """Return the activations and labels of a synthetic tanh layer."""
    generator = np.random.default_rng(0)
    activations = np.tanh(generator.normal(0, 1, (samples, units))).astype(np.float32)
    return activations, generator.integers(0, CLASSES, samples)


def binned_of_infoplane(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Return I(X;T) and I(T;Y) of this package's binned estimator."""
    estimate = make_estimator("binned", bins=BINS, low=-1.0, high=1.0)(activations, labels)
    return [estimate.mi_input_bits, estimate.mi_label_bits]


def interval_rows(activations: np.ndarray) -> np.ndarray:
    """Return the interval of each value, found with `np.digitize`."""
    edges = np.linspace(-1, 1, BINS + 1)
    return np.minimum(np.digitize(activations, edges) - 1, BINS - 1)


def entropy_bits(counts: np.ndarray) -> float:
    """Return the plug-in entropy of counts."""
    probabilities = counts / counts.sum()
    return float(-(probabilities * np.log2(probabilities)).sum())


def binned_by_pattern_loop(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Count each row's bytes, then once more for every pattern and every label.

    This is the algorithm of SZT's code: H(T|X) and H(T|Y) are sums over all values of X and Y
    of the entropy of the rows selected by a mask.
    """
    rows = np.ascontiguousarray(interval_rows(activations))
    rows = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    state_bits = entropy_bits(np.unique(rows, return_counts=True)[1])
    information = []
    for condition in (np.arange(len(rows)), labels):
        conditional_bits = 0.0
        for value in np.unique(condition):
            selected = rows[condition == value]
            counts = np.unique(selected, return_counts=True)[1]
            conditional_bits += len(selected) / len(rows) * entropy_bits(counts)
        information.append(state_bits - conditional_bits)
    return information


def binned_by_unique_rows(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Count the rows of T and of (T, Y) with `np.unique` along an axis."""
    rows = interval_rows(activations)
    joint = np.column_stack([rows, labels])
    state_bits = entropy_bits(np.unique(rows, axis=0, return_counts=True)[1])
    joint_bits = entropy_bits(np.unique(joint, axis=0, return_counts=True)[1])
    return [state_bits, state_bits + entropy_bits(np.bincount(labels)) - joint_bits]


def kde_of_infoplane(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Return I(X;T) and I(T;Y) of the lower, then of the upper bound."""
    bounds = kde_bounds(activations, labels, NOISE_VARIANCE)
    return [
        value
        for bound in ("lower", "upper")
        for value in (bounds[bound].mi_input_bits, bounds[bound].mi_label_bits)
    ]


def kde_by_matrices(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Compute whole float32 matrices of distances and kernels with NumPy.

    Not a slow one: the distances come from a matrix product, serve both bounds, and another
    product with the labels' indicators sums over equal labels.
    """
    rows = np.arange(len(labels))
    indicators = np.eye(CLASSES, dtype=np.float32)[labels]
    norms = (activations**2).sum(axis=1)
    squares = norms[:, None] + norms - 2 * activations @ activations.T
    information = []
    for divisor in (8, 2):
        kernels = np.exp(-squares / np.float32(divisor * NOISE_VARIANCE))
        sums = kernels @ indicators
        log_density = np.log2(sums.sum(axis=1) / len(labels))
        label_log_density = np.log2(sums[rows, labels] / np.bincount(labels)[labels])
        information.append(float(-log_density.mean()))
        information.append(float((label_log_density - log_density).mean()))
    return information


def kde_by_trees(activations: np.ndarray, labels: np.ndarray) -> list[float]:
    """Evaluate scikit-learn's `KernelDensity` at its own samples, as exact as ours."""
    information = []
    for scale in (4, 1):
        bandwidth = math.sqrt(scale * NOISE_VARIANCE)
        normalisation = activations.shape[1] / 2 * math.log(2 * math.pi * bandwidth**2)

        def mixture_bits(rows, bandwidth=bandwidth, normalisation=normalisation):
            density = KernelDensity(bandwidth=bandwidth, algorithm="kd_tree", rtol=1e-5)
            scores = density.fit(rows).score_samples(rows)
            return -float(scores.mean() + normalisation) / math.log(2)

        whole = mixture_bits(activations)
        conditional_bits = sum(
            (labels == label).mean() * mixture_bits(activations[labels == label])
            for label in range(CLASSES)
        )
        information += [whole, whole - conditional_bits]
    return information


COMPARISONS: dict[str, dict[str, Contender]] = {
    "binned": {
        OURS: binned_of_infoplane,
        "pattern_loop": binned_by_pattern_loop,
        "unique_rows": binned_by_unique_rows,
    },
    "kde": {
        OURS: kde_of_infoplane,
        "numpy_matrices": kde_by_matrices,
        "sklearn_kd_tree": kde_by_trees,
    },
}


def compare(estimator: str) -> dict:
    """Time all contenders of one estimator on a layer of the papers' size.

    Parameters
    ----------
    estimator : {"binned", "kde"}

    Returns
    -------
    comparison : dict
        Median milliseconds and ratio to ours per contender, and the largest difference of any
        of its results from ours in bits.

    Raises
    ------
    RuntimeError
        If a contender's results differ from ours by more than 1e-4 bits.
    """
    activations, labels = tanh_layer(PAPER_SAMPLES)
    contenders = COMPARISONS[estimator]
    expected = np.array(contenders[OURS](activations, labels))
    differences = {
        name: float(np.abs(np.array(contender(activations, labels)) - expected).max())
        for name, contender in contenders.items()
        if name != OURS
    }
    if max(differences.values()) > 1e-4:
        raise RuntimeError(f"the {estimator} contenders disagree, in bits: {differences}")
    seconds = {name: [] for name in contenders}
    for _ in range(ROUNDS[estimator]):
        for name, contender in contenders.items():
            seconds[name].append(_seconds(contender, activations, labels))
    return {
        "estimator": estimator,
        "samples": PAPER_SAMPLES,
        "units": UNITS,
        "rounds": ROUNDS[estimator],
        "milliseconds": {n: 1e3 * statistics.median(values) for n, values in seconds.items()},
        "ratio": {
            name: statistics.median(
                theirs / ours for theirs, ours in zip(values, seconds[OURS], strict=True)
            )
            for name, values in seconds.items()
            if name != OURS
        },
        "difference_bits": differences,
    }


def scaling(estimator: str) -> list[dict]:
    """Time our estimator from 1024 to 16384 samples of 10 units.

    Parameters
    ----------
    estimator : {"binned", "kde"}

    Returns
    -------
    list of dict
        Estimator, samples, median milliseconds.
    """
    contender = COMPARISONS[estimator][OURS]
    layers = {samples: tanh_layer(samples) for samples in SCALING_SAMPLES}
    seconds = {samples: [] for samples in SCALING_SAMPLES}
    for _ in range(ROUNDS["scaling"]):
        for samples, layer in layers.items():
            seconds[samples].append(_seconds(contender, *layer))
    return [
        {"estimator": estimator, "samples": n, "milliseconds": 1e3 * statistics.median(values)}
        for n, values in seconds.items()
    ]


def _seconds(contender: Contender, activations: np.ndarray, labels: np.ndarray) -> float:
    """Return the processor time of one call: the fastest of `TRIALS` trials."""
    trials = []
    for _ in range(TRIALS):
        calls, start = 0, time.process_time()
        while calls == 0 or time.process_time() - start < TRIAL_SECONDS:
            contender(activations, labels)
            calls += 1
        trials.append((time.process_time() - start) / calls)
    return min(trials)


def measure() -> dict:
    """Return all comparisons and the scaling in samples."""
    with threadpool_limits(1):
        return {
            "threads": 1,
            "comparisons": [compare(estimator) for estimator in COMPARISONS],
            "scaling": [row for estimator in COMPARISONS for row in scaling(estimator)],
        }
