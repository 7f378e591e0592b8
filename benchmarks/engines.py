"""Hold the planes of the two engines against each other after whole trainings of SZT's networks.

Usage: python -m benchmarks.engines [--networks 10] [--epochs 10000]

Rounding in another order makes trajectories differ after some hundred steps, so what is compared is
what the study reports: drops and final values of each layer, over the same initialisations.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.train import SETTINGS
from infoplane.data import szt_task
from infoplane.estimators import make_estimator
from infoplane.networks import net_inputs_and_activations
from infoplane.settings import TrainingSettings
from infoplane.statistics import Resampling
from infoplane.training import train_ensemble

BINNED = make_estimator("binned", bins=30, low=-1.0, high=1.0)
SNAPSHOTS, SEED = 60, 2017


def planes(engine: str, settings: TrainingSettings, networks: int) -> np.ndarray:
    """Train networks and estimate all their layers.

    Parameters
    ----------
    engine : {'fused', 'torch'}
    settings : TrainingSettings
    networks : int

    Returns
    -------
    bits : array of float, shape (networks, snapshots, layers, 2)
        I(X;T) and I(T;Y).
    """
    task = szt_task()
    inputs = task.inputs.astype(np.float32)
    result = train_ensemble(task.inputs, task.labels, settings, range(networks), SEED, engine)
    estimates = [
        [
            [BINNED(layer, task.labels) for layer in layers]
            for _, layers in (net_inputs_and_activations(at, settings, inputs) for at in network)
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
    changes = {"epochs": chosen.epochs, "snapshots": SNAPSHOTS, "learning_rate": 0.0004}
    settings = TrainingSettings(**{**SETTINGS.as_dict(), **changes})
    fused, torch = (
        reported(planes(engine, settings, chosen.networks)) for engine in ("fused", "torch")
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
