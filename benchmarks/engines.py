"""Hold the planes of the two engines against each other after whole trainings of SZT's networks.

Usage: python -m benchmarks.engines [--networks 10] [--epochs 10000]

Rounding in another order makes trajectories differ after some hundred steps, so what is compared is
what the study reports: drops and final values of each layer, over the same initialisations.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.train import NETWORK, OPTIMIZER
from infoplane.estimators import make_estimator
from infoplane.statistics import Resampling
from infoplane.tasks.icosahedron import szt_task
from infoplane.training import Schedule, train_ensemble

BINNED = make_estimator("binned", bins=30, low=-1.0, high=1.0)
SNAPSHOTS, SEED = 60, 2017


def planes(engine: str, epochs: int, networks: int) -> np.ndarray:
    """Train networks and estimate all their layers.

    Parameters
    ----------
    engine : {'fused', 'torch'}
    epochs : int
    networks : int

    Returns
    -------
    bits : array of float, shape (networks, snapshots, layers, 2)
        I(X;T) and I(T;Y).
    """
    task = szt_task()
    inputs = task.inputs.astype(np.float32)
    schedule = Schedule(epochs, SNAPSHOTS, training_fraction=0.8)
    result = train_ensemble(
        task.inputs, task.labels, NETWORK, OPTIMIZER, schedule, range(networks), SEED, engine
    )
    estimates = [
        [
            [BINNED(layer, task.labels) for layer in layers]
            for _, layers in (NETWORK.net_inputs_and_activations(at, inputs) for at in network)
        ]
        for network in result.parameters
    ]
    return np.array(
        [[[(e.mi_input_bits, e.mi_label_bits) for e in s] for s in n] for n in estimates]
    )


def reported(bits: np.ndarray) -> dict[str, np.ndarray]:
    """Return the drop and the final values of each layer, of shape (networks, layers)."""
    of_inputs = bits[..., 0]
    return {
        "drop of I(X;T)": of_inputs.max(axis=1) - of_inputs[:, -1],
        "final I(X;T)": of_inputs[:, -1],
        "final I(T;Y)": bits[:, -1, :, 1],
    }


def main() -> None:
    """Print a row a quantity and layer: means, and the interval of their difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=10_000)
    chosen = parser.parse_args()
    fused, torch = (
        reported(planes(engine, chosen.epochs, chosen.networks)) for engine in ("fused", "torch")
    )
    resampling = Resampling()
    print("| bits | layer | compiled, 95 % interval | torch | torch minus compiled |")
    print("|---|---|---|---|---|")
    for name, values in fused.items():
        for layer in range(values.shape[1]):
            own, other = values[:, layer], torch[name][:, layer]
            cells = (name, layer + 1, resampling.mean(own), f"{other.mean():.4g}")
            print("|", *(f"{cell} |" for cell in cells), f"{resampling.mean(other - own)} |")


if __name__ == "__main__":
    main()
