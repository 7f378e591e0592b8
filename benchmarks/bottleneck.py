"""Time the bottleneck curve of the stochastic task beside a plain loop and embo, on one thread.

The loop is Blahut-Arimoto as it is written down: all 4096 patterns, as many clusters as the curve
has at most, one beta after the other from the last one's encoder, until a step changes the
objective by less than a tolerance. It knows no bound, so that where it stops may be too high; how
much too high is reported. Ours runs twice: on the 4096 patterns, and with those merged whose labels
are equally probable, as the study does.

embo, of the extra ``bench``, is timed on the 4096 patterns if it is installed, by the function that
its curve calls for each beta, with as many clusters, steps and the same tolerance as the loop. Its
own curve takes as many clusters as patterns, arrays of 4096 x 4096 x 2 at every step, or two.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peers import PeersMissingError, load
from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.models import make_model
from infoplane.models.annealing import Annealing, Inputs
from infoplane.models.bottleneck import inputs_of, label_logits
from infoplane.tasks import make_task

RULE = {"degree_weights": [2.0, 5.0, 4.0], "threshold": 5.89, "sharpness": 12.0, "seed": 2017}
CURVE = {"smallest_beta": 1.0, "largest_beta": 1000.0, "betas": 200, "tolerance_bits": 1e-6}
LIMITS = {"most_rounds": 400, "bifurcation_precision": 0.001}
BETAS = (2.0, 4.0, 8.0, 16.0)
CLUSTERS, TOLERANCE_NATS, MOST_STEPS = 12, 1e-9, 5000
ROUNDS = 3
PEER = "embo"
PEER_TOLERANCE_BITS = 0.001

log = logging.getLogger("benchmarks")


def plain_loop(high: np.ndarray, betas: Sequence[float]) -> list[float]:
    """Return min I(X;T) - beta I(T;Y) in nats as plain iterations find it, for each beta."""
    labels = np.clip(np.stack([1 - high, high], axis=1), 1e-300, 1)
    entropies = (labels * np.log(labels)).sum(axis=1)
    information = entropies.mean() - (labels.mean(axis=0) * np.log(labels.mean(axis=0))).sum()
    encoder = np.random.default_rng(0).dirichlet(np.ones(CLUSTERS), len(high))
    found = []
    for beta in betas:
        last = np.inf
        for _ in range(MOST_STEPS):
            weights = np.maximum(encoder.mean(axis=0), 1e-300)
            decoder = encoder.T @ labels / (len(high) * weights[:, None])
            distances = entropies[:, None] - labels @ np.log(np.maximum(decoder, 1e-300)).T
            exponents = np.log(weights) - beta * distances
            largest = exponents.max(axis=1, keepdims=True)
            encoder = np.exp(exponents - largest)
            total = encoder.sum(axis=1, keepdims=True)
            encoder /= total
            objective = -(largest + np.log(total)).mean() - beta * information
            if last - objective < TOLERANCE_NATS:
                break
            last = objective
        found.append(float(objective))
    return found


def ours(inputs: Inputs, betas: Sequence[float]) -> list[float]:
    """Return the same objective, proved to a millionth of a bit of I(T;Y)."""
    annealing = Annealing(inputs, CURVE["tolerance_bits"] * np.log(2), LIMITS["most_rounds"])
    solutions = [annealing.solve(beta) for beta in betas]
    pairs = zip(betas, solutions, strict=True)
    return [one.input_nats - beta * one.label_nats for beta, one in pairs]


def peers_points(embo, high: np.ndarray, betas: Sequence[float]) -> list[float]:
    """Return the same objective as embo finds it, each beta from one random start.

    Parameters
    ----------
    embo : module
    high : array of float
        p(y=1 given x) of all patterns, which are equally probable.
    betas : sequence of float

    Returns
    -------
    objective : list of float
        In nats.
    """
    inputs, labels = np.full(len(high), 1 / len(high)), np.stack([1 - high, high])
    # embo has divergences in bits below an exponential in nats, so that its beta is in nats a bit.
    bits_to_nats, found = np.log(2), []
    limits = {"restarts": 1, "iterations": MOST_STEPS, "rtol": 0, "atol": TOLERANCE_NATS}
    np.random.seed(0)  # noqa: NPY002, where embo draws its starts from
    with np.errstate(all="ignore"):
        for beta in betas:
            input_bits, label_bits, *_ = embo.InformationBottleneck.beta_iter(
                1, beta * bits_to_nats, inputs, labels @ inputs, labels, CLUSTERS, **limits
            )
            found.append(float((input_bits - beta * label_bits) * bits_to_nats))
    return found


def excess_bits(objective: np.ndarray, proved: np.ndarray) -> np.ndarray:
    """Return by how many bits of I(T;Y) an objective at each of `BETAS` is above what is proved."""
    return (objective - proved) / np.array(BETAS) / np.log(2)


def load_peer():
    """Import embo, without what it sets for all of NumPy.

    Returns
    -------
    embo : module or None
        None, with a warning, where it is not installed.
    """
    try:
        with np.errstate():
            return load(PEER)
    except PeersMissingError as error:
        log.warning("%s left out: %s", PEER, error)
        return None


def require_agreement(excess_bits: np.ndarray) -> None:
    """Refuse results of embo that are not ours.

    Raises
    ------
    RuntimeError
        If its objective is `PEER_TOLERANCE_BITS` of I(T;Y) or more away from ours.
    """
    if not np.abs(excess_bits).max() < PEER_TOLERANCE_BITS:
        raise RuntimeError(f"{PEER} ends elsewhere, by so many bits of I(T;Y): {excess_bits}")


def measure() -> dict:
    """Compare all on some betas, and time a whole curve.

    Returns
    -------
    results : dict
        Seconds and ratios; ``loop_excess_bits`` and, where it is installed, ``embo_excess_bits``:
        how far above ours their objective ends, in bits of I(T;Y).

    Raises
    ------
    RuntimeError
        If embo's results are not ours.
    """
    task = make_task("icosahedron", **RULE)
    logits = np.clip(label_logits(task.label_probability), -700, 700)
    order = np.argsort(logits)
    patterns = Inputs(np.full(len(logits), 1 / len(logits)), logits[order])
    merged, found = inputs_of(task), {}
    model = make_model("bottleneck", **CURVE, **LIMITS)
    calls = {
        "merged": lambda: found.update(merged=ours(merged, BETAS)),
        "patterns": lambda: found.update(patterns=ours(patterns, BETAS)),
        "plain_loop": lambda: found.update(loop=plain_loop(task.label_probability, BETAS)),
        "curve": lambda: found.update(curve=model.solve(task)),
    }
    with threadpool_limits(1):
        proved = np.array(ours(merged, BETAS))  # compiles
        peer = load_peer()
        if peer:
            peers = np.array(peers_points(peer, task.label_probability, BETAS))
            require_agreement(excess_bits(peers, proved))
            calls[PEER] = lambda: peers_points(peer, task.label_probability, BETAS)
        times = interleaved(calls, ROUNDS)
    measured = {
        "betas": list(BETAS),
        "seconds": medians(times),
        "ratio": {
            "numpy_loop": median_ratio(times["plain_loop"], times["merged"]),
            "numpy_loop_over_patterns": median_ratio(times["plain_loop"], times["patterns"]),
        },
        "loop_excess_bits": excess_bits(np.array(found["loop"]), proved).tolist(),
        "curve_betas": len(found["curve"]["beta"]),
        "curve_converged": int(found["curve"]["converged"].sum()),
    }
    if peer:
        measured["versions"] = {PEER: version(PEER)}
        measured["ratio"][PEER] = median_ratio(times[PEER], times["merged"])
        measured["ratio"][f"{PEER}_over_patterns"] = median_ratio(times[PEER], times["patterns"])
        measured[f"{PEER}_excess_bits"] = excess_bits(peers, proved).tolist()
    return measured
