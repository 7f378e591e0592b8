"""Time the nearest-neighbour estimators beside other libraries', on the same activations.

The libraries are of the extra ``bench``: ennemi, infomeasure and npeet-plus, which carries the
code of NPEET on; scikit-learn is installed anyway. Each contender gives the same quantity, k = 3 in
the maximum norm, on one thread. Some add noise of 1e-10 or less to tell repeated rows apart, and
some take another variant of a constant: all must agree with ours to `TOLERANCE_BITS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version

import numpy as np
from sklearn.feature_selection import mutual_info_classif
from threadpoolctl import threadpool_limits

from benchmarks.estimate import tanh_layer
from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.estimators.knn import (
    kozachenko_leonenko_entropy_bits,
    ksg_information_bits,
    ross_information_bits,
)

PEERS = ("ennemi", "infomeasure", "npeet-plus")
SAMPLES, NEIGHBOURS, ROUNDS = 4096, 3, 5
TOLERANCE_BITS = 0.02
OURS = "infoplane"


class PeersMissingError(ImportError):
    """Report that a library to compare with is not installed."""


def load(peer: str):
    """Import a library to compare with."""
    try:
        return import_module(peer.replace("-", "_"))
    except ImportError as error:
        raise PeersMissingError(
            f"this benchmark compares with other libraries, but {peer} cannot be imported "
            f"({error}); install them with pip install -e '.[bench]'"
        ) from error


def comparisons() -> dict[str, dict[str, Callable[[], float]]]:
    """Return the contenders of each quantity; each returns bits."""
    ennemi, infomeasure, npeet = map(load, PEERS)
    activations, labels = tanh_layer(SAMPLES)
    layer = activations.astype(np.float64)
    # Two layers that share a unit, up to noise, have finite information.
    noise = np.random.default_rng(1).normal(0, 0.3, (SAMPLES, 3))
    lower, upper = layer[:, :5], layer[:, :3] + noise
    unit, other = lower[:, :1], upper[:, :1]
    shifted = unit + labels[:, None]
    neighbours = {"k": NEIGHBOURS}

    def ksg_peers(x, y):
        return {
            OURS: lambda: ksg_information_bits(x, y, NEIGHBOURS),
            "infomeasure": lambda: float(
                infomeasure.mutual_information(x, y, approach="ksg", base=2, **neighbours)
            ),
            "npeet-plus": lambda: float(npeet.mi(x, y, base=2, **neighbours)),
        }

    return {
        "KSG 1, 1 and 1 units": {
            **ksg_peers(unit, other),
            "ennemi": lambda: float(
                np.squeeze(ennemi.estimate_mi(other[:, 0], unit, preprocess=False, **neighbours))
                / math.log(2)
            ),
        },
        "KSG 1, 5 and 3 units": ksg_peers(lower, upper),
        "Ross, 1 unit and labels": {
            OURS: lambda: ross_information_bits(shifted, labels, NEIGHBOURS),
            "ennemi": lambda: float(
                np.squeeze(
                    ennemi.estimate_mi(
                        labels, shifted, discrete_y=True, preprocess=False, **neighbours
                    )
                )
                / math.log(2)
            ),
            "scikit-learn": lambda: float(
                mutual_info_classif(
                    shifted, labels, discrete_features=False, n_neighbors=3, random_state=0
                )[0]
                / math.log(2)
            ),
        },
        "Kozachenko & Leonenko, 10 units": {
            OURS: lambda: kozachenko_leonenko_entropy_bits(layer, NEIGHBOURS),
            "ennemi": lambda: float(
                ennemi.estimate_entropy(layer, multidim=True, **neighbours) / math.log(2)
            ),
            "infomeasure": lambda: float(
                infomeasure.entropy(layer, approach="metric", base=2, **neighbours)
            ),
            "npeet-plus": lambda: float(npeet.entropy(layer, base=2, **neighbours)),
        },
    }


def compare(quantity: str, contenders: dict[str, Callable[[], float]]) -> dict:
    """Time all contenders of one quantity.

    Raises
    ------
    RuntimeError
        If a contender's result differs from ours by more than `TOLERANCE_BITS`.
    """
    bits = {name: contender() for name, contender in contenders.items()}
    differences = {name: abs(value - bits[OURS]) for name, value in bits.items() if name != OURS}
    if not max(differences.values()) <= TOLERANCE_BITS:
        raise RuntimeError(f"the contenders for {quantity} disagree, in bits: {bits}")
    times = interleaved(contenders, ROUNDS)
    return {
        "quantity": quantity,
        "samples": SAMPLES,
        "neighbours": NEIGHBOURS,
        "rounds": ROUNDS,
        "bits": bits,
        "difference_bits": differences,
        "seconds": medians(times),
        "ratio": {name: median_ratio(times[name], times[OURS]) for name in differences},
    }


def measure() -> dict:
    """Return all comparisons and the versions of the peers."""
    with threadpool_limits(1):
        contenders = comparisons()
        return {
            "versions": {name: version(name) for name in (*PEERS, "scikit-learn")},
            "comparisons": [compare(*comparison) for comparison in contenders.items()],
        }
