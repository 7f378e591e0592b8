"""Subnormal numbers are flushed while networks train, and nowhere else."""

from contextlib import nullcontext

import numpy as np
import pytest

from infoplane.compiled.subnormals import are_flushed, flushed_subnormals
from infoplane.networks import make_network
from infoplane.tasks.icosahedron import szt_task
from infoplane.training import Schedule, ensemble, train_ensemble
from infoplane.training.records import Optimizer


def test_they_are_flushed_inside_only():
    assert not are_flushed()
    with flushed_subnormals():
        if not are_flushed():
            pytest.skip("this processor has no mode that flushes subnormal numbers")
    assert not are_flushed()


def test_an_outer_mode_is_kept():
    with flushed_subnormals():
        inside = are_flushed()
        with flushed_subnormals():
            pass
        assert are_flushed() == inside


def test_an_error_restores_the_mode():
    with pytest.raises(KeyError), flushed_subnormals():
        raise KeyError
    assert not are_flushed()


def test_training_keeps_its_bits(monkeypatch):
    """A fast rate kills units within few epochs: their moments become subnormal."""
    task = szt_task()
    network = make_network(
        "dense",
        widths=[12, 6, 2],
        activation="relu",
        output="softmax",
        initial_weights="truncated_normal_fan_in",
    )
    optimizer, schedule = Optimizer("adam", 0.05, 256), Schedule(200, 5, training_fraction=0.8)
    trained = {}
    for flushed in (True, False):
        if not flushed:
            monkeypatch.setattr(ensemble, "flushed_subnormals", nullcontext)
        result = train_ensemble(
            task.inputs, task.labels, network, optimizer, schedule, range(2), seed=3, engine="fused"
        )
        trained[flushed] = result.parameters
    np.testing.assert_array_equal(trained[True], trained[False])
