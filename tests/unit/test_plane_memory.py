"""The memory of a measurement: what estimators say they take, and the peak of a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from infoplane.estimators import ESTIMATORS, _row_parts, discrete, make_estimator
from infoplane.estimators.discrete import exact_row_numbers

PARAMETERS = {
    "binned": {"bins": 8, "low": -10.0, "high": 10.0},
    "kde": {"noise_variance": 0.1},
    "kde_scaled": {"fraction": 0.1},
    "knn": {"noise_variance": 0.1},
    "ksg": {"noise_variance": 0.1},
    "mixture_entropy": {"noise_standard_deviation": 0.3},
    "gaussian_dropout": {"relative_noise": 0.3},
    "infonce": {"noise_variance": 0.1, "batch_size": 16, "steps": 1},
}
# Panels of products, tables of pairs of samples.
BESIDE = 12_000_000


@pytest.fixture
def small_parts(monkeypatch):
    for module in (_row_parts, discrete):
        monkeypatch.setattr(module, "PART_BYTES", 2**16)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", ESTIMATORS.names)
def test_estimators_take_no_more_than_they_say(method, dtype):
    estimator = make_estimator(method, **PARAMETERS.get(method, {}))
    generator, labels = np.random.default_rng(0), np.arange(60) % 2
    layer = generator.standard_normal((60, 40_000)).astype(dtype)
    estimator(layer[:, :130], labels)
    tracemalloc.start()
    estimator(layer, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= estimator.working_bytes(labels, 40_000, layer.dtype) + BESIDE


def test_intervals_are_not_counted_where_there_is_one():
    dead, labels = np.zeros((60, 40_000), np.float32), np.arange(60) % 2
    binned = make_estimator("binned", bin_width=1.0)
    # Compiled code and its imports are loaded first.
    binned(dead[:, :9], labels)
    tracemalloc.start()
    estimate = binned(dead, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (estimate.mi_input_bits, estimate.mi_label_bits) == (0.0, 0.0)
    assert peak < 1_000_000


@pytest.mark.parametrize("scale", [0.05, 3.0])
def test_parts_of_any_size_move_no_estimate(scale, monkeypatch):
    """Of 1100 samples, more than a panel; with the larger scale products are of float64."""
    generator, labels = np.random.default_rng(1), np.arange(1100) % 3
    layer = np.maximum(scale * generator.standard_normal((1100, 150)), 0).astype(np.float32)
    layer[::7] = layer[3]
    layer[1::4, :100] = layer[1, :100]
    methods = [("kde", {"noise_variance": 0.1}), ("soft_entropy", {}), ("machine_precision", {})]
    estimators = [make_estimator(name, **parameters) for name, parameters in methods]
    whole = [estimator(layer, labels) for estimator in estimators]
    numbers = exact_row_numbers(layer)
    for size in (1, 8 * 150 * 9, 8 * 1100 * 40):
        for module in (_row_parts, discrete):
            monkeypatch.setattr(module, "PART_BYTES", size)
        assert [estimator(layer, labels) for estimator in estimators] == whole
        np.testing.assert_array_equal(exact_row_numbers(layer), numbers)
    _, by_bytes = np.unique((layer + 0).view("V600").ravel(), return_inverse=True)
    np.testing.assert_array_equal(numbers, by_bytes)


def test_rows_are_numbered_at_the_precision_asked_for():
    rows = np.array([[1.0, -0.0], [1.0 + 1e-12, 0.0], [2.0, 1e-12]])
    assert len(set(exact_row_numbers(rows))) == 3
    first, second, third = exact_row_numbers(rows, "float32")
    assert first == second != third


MEASURE = """
import json, sys
from pathlib import Path
import numpy as np, torch
from infoplane import Reading
from infoplane.estimators import make_estimator
from infoplane.plane import information_plane

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

torch.manual_seed(0)
torch.set_num_threads(1)
images, labels = torch.rand(96, 1, 256, 256), torch.arange(96) % 4
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten(2),
    torch.nn.AdaptiveAvgPool1d(1), torch.nn.Flatten(), torch.nn.Linear(8, 2),
)
found = {}
for method, parameters in json.loads(sys.argv[1]).items():
    estimator = make_estimator(method, **parameters)
    information_plane(network, images[:8, :, :16, :16], labels[:8], estimator)
    beside = estimator.working_bytes(labels.numpy(), 2**19, np.dtype("float32"))
    limit = int(1.02 * (96 * 2**19 * 4 + beside))
    # The peak so far is forgotten.
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    table = information_plane(
        network, images, labels, estimator, reading=Reading(memory_bytes=limit)
    )
    assert table["mi_input_bits"].notna().all()
    found[method] = (peak() - before, limit)
print(json.dumps(found))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_a_process_takes_no_more_than_the_page_promises():
    """A layer of 201 MB: the limit, a sixteenth for a batch, and some tens of megabytes."""
    methods = {
        "binned": {"bin_width": 0.5},
        "machine_precision": {},
        "kde": PARAMETERS["kde"],
        "soft_entropy": {},
    }
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(methods)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(discrete.__file__).parents[2])},
    )
    found = json.loads(done.stdout)
    assert list(found) == list(methods)
    for method, (taken, limit) in found.items():
        assert taken <= 17 / 16 * limit + 64e6, method
