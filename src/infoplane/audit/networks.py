"""Several networks as one, in the audit: tasks with known information, and their estimators.

The layer is that of a network drawn at random, p(t|x) = (1/K) sum_k delta(t - t_k(x)). Patterns
have numbers in random order, each once, and the label is whether the number is odd. A network gives
each pattern a state of its own, a value of one unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from infoplane.audit.subjects import AuditSubject
from infoplane.audit.tasks import AuditTask, Draw, binary_entropy_bits
from infoplane.estimators import Estimate, make_estimator
from infoplane.measures.several_networks import multi_network_information

NETWORKS = 5
"""How many are taken as one, as in the study."""
Bits = tuple[float, float]


def networks_task(
    name: str,
    family: str,
    states_of: Callable[[np.ndarray, int, np.random.Generator], np.ndarray],
    truth_of: Callable[[int], Bits],
) -> AuditTask:
    """Return a task of several networks.

    Parameters
    ----------
    name, family : str
    states_of : callable (patterns' numbers, the network's number, generator) -> states
        From 0 to one less than `NETWORKS` times the patterns.
    truth_of : callable (samples) -> (float, float)
        The known I(X;T) and I(T;Y), in bits.

    Returns
    -------
    AuditTask
    """

    def make(samples: int, generator: np.random.Generator) -> Draw:
        patterns = generator.permutation(samples)
        states = np.stack([states_of(patterns, k, generator) for k in range(NETWORKS)])
        # In the middle of its interval, of as many as there can be states.
        networks = ((states + 0.5) / (NETWORKS * samples))[:, :, None]
        first, labels = networks[0], patterns % 2
        return Draw(first, first, first, labels, *truth_of(samples), networks)

    return AuditTask(name, family, 1, 0.0, make, several_networks=True)


def several_networks_tasks() -> list[AuditTask]:
    """Return the tasks of several networks.

    Returns
    -------
    list of AuditTask
        Networks that are all alike; that are cyclic shifts of each other, so that T is as before
        but H(T|X) is log2 K and odd states are of even patterns for 2 of 5; that share no state,
        so that T tells the network besides; and that map each pattern to a state at random, as
        networks drawn from so many that T is independent of X.
    """
    together, share = "several_networks", NETWORKS // 2 / NETWORKS
    return [
        networks_task("networks_alike", together, lambda x, k, _: x, lambda n: (math.log2(n), 1.0)),
        networks_task(
            "networks_shifted",
            together,
            lambda x, k, _: (x + k) % len(x),
            lambda n: (math.log2(n / NETWORKS), 1 - binary_entropy_bits(share)),
        ),
        networks_task(
            "networks_disjoint",
            together,
            lambda x, k, _: x + k * len(x),
            lambda n: (math.log2(n), 1.0),
        ),
        networks_task(
            "networks_independent",
            "independent_networks",
            lambda x, k, generator: generator.permutation(x),
            lambda n: (0.0, 0.0),
        ),
    ]


def _several_networks(task: AuditTask, draw: Draw) -> tuple[Estimate, Estimate]:
    """Give the correct estimate, and the published one, which takes H(T|X) as 0."""
    binning = make_estimator("binned", bins=NETWORKS * len(draw.labels), low=0.0, high=1.0)
    found = multi_network_information(draw.networks, draw.labels, binning)
    return tuple(
        Estimate(bits, found.mi_label_bits, found.ceiling_bits)
        for bits in (found.mi_input_bits, found.published_mi_input_bits)
    )


def several_networks_subjects() -> list[AuditSubject]:
    """Return the estimators of several networks: correct and published."""
    names = ("multi_network", "multi_network_published")
    return [AuditSubject(names, _several_networks, several_networks=True)]
