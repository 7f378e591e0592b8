"""The same study on a processor with narrower vectors: other last bits, the same verdicts."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from infoplane.statistics import Resampling, verdict
from tests.faults.extent import EVERYTHING
from tests.workflow.conftest import REPOSITORY

NETWORKS = 16
# Trains tanh networks as SZT do, for a third of their epochs, and gives I(X;T) and I(T;Y) of every
# network, snapshot and layer.
STUDY = f"""
import json, sys
import numpy as np
from infoplane.data import szt_task
from infoplane.estimators import make_estimator
from infoplane.networks import make_network
from infoplane.training import train_ensemble
from infoplane.training.records import Optimizer, Schedule
task = szt_task()
network = make_network(
    "dense", widths=(12, 10, 7, 5, 4, 3, 2), activation="tanh", output="softmax",
    initial_weights="truncated_normal_fan_in",
)
how = Optimizer("adam", learning_rate=0.0004, batch_size=256), Schedule(3000, 30, 0.8)
trained = train_ensemble(task.inputs, task.labels, network, *how, range({NETWORKS}), seed=2017)
inputs, estimator = task.inputs.astype("float32"), make_estimator("binned", bins=30, low=-1, high=1)
bits = []
for parameters in trained.parameters.reshape(-1, trained.parameters.shape[-1]):
    layers = network.net_inputs_and_activations(parameters, inputs)[1]
    found = [estimator(layer, task.labels) for layer in layers]
    bits.append([[one.mi_input_bits, one.mi_label_bits] for one in found])
shape = (*trained.parameters.shape[:2], len(layers), 2)
print(json.dumps(np.reshape(bits, shape).tolist()))
"""
# A quantity of each network, a threshold and a direction, with the numbers of C01, C03 and C04.
CLAIMS = {
    "the last hidden layer compresses": (lambda x, y: loss(x, 4), 1.0, "at_least"),
    "it keeps the labels": (lambda x, y: y[:, -1, 4] / 0.999157, 0.9, "at_least"),
    "the first layer does not compress": (lambda x, y: loss(x, 0), 0.2, "below"),
}
# Ours, before any was seen: networks whose trainings part in the last bit end up as different as
# two initialisations, so single ones are not compared; the mean of 16 is known to about this.
BITS = 0.3


def loss(values: np.ndarray, layer: int) -> np.ndarray:
    """Return by how much each network's last value is below its largest."""
    return values[:, :, layer].max(1) - values[:, -1, layer]


def measured(**environment) -> tuple[np.ndarray, np.ndarray]:
    """Return I(X;T) and I(T;Y), each of shape (networks, snapshots, layers)."""
    said = subprocess.run(
        [sys.executable, "-c", STUDY],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found = np.array(json.loads(said.stdout))
    return found[..., 0], found[..., 1]


def judged(planes) -> dict[str, str]:
    """Return the verdict on each claim."""
    verdicts = {}
    for claim, (quantity, threshold, direction) in CLAIMS.items():
        interval = Resampling().mean(quantity(*planes))
        verdicts[claim] = verdict(interval.low, interval.high, threshold, direction)
    return verdicts


@pytest.mark.skipif(not EVERYTHING, reason="tried by `make faults`")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of x86-64")
def test_no_verdict_turns_with_the_width_of_vectors():
    wide = measured()
    # 256 and 128 bits, with fused multiplications and without.
    for narrower in ("haswell", "nehalem"):
        narrow = measured(NUMBA_CPU_NAME=narrower, OPENBLAS_CORETYPE=narrower.capitalize())
        assert judged(narrow) == judged(wide)
        for ours, theirs in zip(wide, narrow, strict=True):
            assert np.abs(ours.mean(0) - theirs.mean(0)).max() < BITS
