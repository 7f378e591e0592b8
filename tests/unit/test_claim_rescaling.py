"""Spans and turns of estimates under rescaling: tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.rescaling import rescaled_means, rescaling_caution, rescaling_span
from tests.unit.claim_tables import information

# Two networks, three epochs, two layers. At scale 1 layer 2 falls from 6 to 5 bits.
PATH = np.array([[4.0, 4.0], [8.0, 6.0], [8.0, 5.0]])
SHARE_LEFT = {0.1: 0.0, 1.0: 1.0, 10.0: 2.0}


def rescaled(run="relu", estimator="bins", diverged=(), scales=SHARE_LEFT):
    """Return a table where layer 2 falls by 0, 1 and 2 bits, and ends at 6, 5 and 4."""
    parts = []
    for scale, fall in scales.items():
        path = PATH.copy()
        path[2, 1] = 6.0 - fall
        inputs = np.stack([path, path + 0.5, path - 100])
        rows = information(run, estimator, inputs, epochs=[0, 10, 100], diverged=diverged)
        parts.append(rows.assign(change="scaled", scale=scale))
    permuted = parts[0].assign(change="permuted", scale=1.0, mi_input_bits=99.0)
    mirrored = parts[0].assign(scale=-1.0, mi_input_bits=-99.0)
    outside = parts[0].assign(scale=100.0, mi_input_bits=999.0)
    return pd.concat([*parts, permuted, mirrored, outside], ignore_index=True)


def test_span_is_that_of_the_last_snapshot_over_the_scales_that_count():
    table = pd.concat([rescaled(diverged=(2,)), rescaled("linear", "kernel", diverged=(2,))])
    spans = rescaling_span(table).set_index(["run", "estimator", "layer"])["rescaling_span_bits"]
    assert spans.to_dict() == {
        (run, estimator, layer): bits
        for run, estimator in (("linear", "kernel"), ("relu", "bins"))
        for layer, bits in ((1, 0.0), (2, 2.0))
    }


def test_span_is_the_mean_over_networks():
    table = rescaled()
    first = (table["init"] == 0) & (table["scale"] == 10.0)
    table.loc[first, "mi_input_bits"] += 3.0
    spans = rescaling_span(table).set_index("layer")["rescaling_span_bits"]
    # Layer 1: 3, 0, 0. Layer 2 of the first ends at 6, 5 and 7.
    assert spans.to_dict() == pytest.approx({1: 1.0, 2: 2.0})


def test_networks_that_cannot_be_scaled_have_no_span():
    table = rescaled("tanh", scales={1.0: 1.0})
    assert rescaling_span(table).empty
    assert rescaled_means(table, "tanh", "bins", "drop_bits").empty
    assert rescaling_caution(table, "tanh", "bins", [2], 0.5) == ""


def test_means_of_a_statistic_at_every_scale():
    table = rescaled(diverged=(2,))
    drops = rescaled_means(table, "relu", "bins", "drop_bits")
    assert drops[1].to_dict() == dict.fromkeys(SHARE_LEFT, 0.0)
    assert drops[2].to_dict() == SHARE_LEFT
    finals = rescaled_means(table, "relu", "bins", "final_input_bits")
    assert finals[2].to_dict() == {0.1: 6.25, 1.0: 5.25, 10.0: 4.25}


def test_caution_where_a_threshold_lies_between_the_scales():
    table = rescaled(diverged=(2,))
    text = rescaling_caution(table, "relu", "bins", [2], 0.5)
    assert text.endswith("from 0.0 to 2.0")
    assert "without changing a prediction" in text
    assert rescaling_caution(table, "relu", "bins", [1, 2, 3], 0.5) == text
    assert rescaling_caution(table, "relu", "bins", [2], 2.5) == ""
    assert rescaling_caution(table, "relu", "bins", [1], 0.5) == ""
    # Layer 1 ends at 8 bits or more at every scale: it decides nothing, and is not told of.
    text = rescaling_caution(table, "relu", "bins", [1, 2], 5.0, "final_input_bits")
    assert text.endswith("from 4.2 to 6.2")


def test_caution_of_what_was_not_measured_is_silent():
    table = rescaled()
    assert rescaling_caution(table, "relu", "kernel", [2], 0.5) == ""
    assert rescaling_caution(table, "linear", "bins", [2], 0.5) == ""
    assert rescaling_caution(table, "relu", "bins", [], 0.5) == ""
    assert rescaling_caution(rescaled(diverged=(0, 1, 2)), "relu", "bins", [2], 0.5) == ""
