"""Label information of patterns not trained on: against hand counts, a null, and a known layer."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from infoplane.claims.judging import judge
from infoplane.estimators import make_estimator
from infoplane.measures import make_measure
from infoplane.measures.base import TrainedNetwork
from tests.support import network
from tests.unit.claim_tables import EPOCHS, claim, evidence, information, on

PATTERNS = 1024
TRAINING = np.random.default_rng(0).permutation(PATTERNS)[:768]
OTHERS = np.setdiff1d(np.arange(PATTERNS), TRAINING)


def copying(labels, spread=0.05, seed=1):
    """Make a network of one input and one tanh layer, whose unit says the label, and noise."""
    of = network(widths=(2, 2, 2))
    parameters = np.zeros(of.parameter_count, np.float32)
    of.weights(parameters)[0][:] = np.eye(2)
    noise = np.random.default_rng(seed).normal(scale=spread, size=(PATTERNS, 2))
    inputs = noise + np.stack([labels - 0.5, np.zeros(PATTERNS)], axis=1)
    return TrainedNetwork(
        network=of,
        inputs=inputs.astype(np.float32),
        labels=np.asarray(labels),
        initialisation=0,
        seed=3,
        training_samples=TRAINING,
        epochs=np.array([5]),
        read_parameters=lambda position: parameters,
        patterns=OTHERS,
    )


def measured(trained, **changes):
    """Return the first layer's row of each estimator."""
    parameters = {"bins": 30, "range": [-1.0, 1.0]} | changes
    table = pd.DataFrame(
        make_measure("held_out_labels", label="held_out", **parameters).measure(trained)
    )
    return table[table["layer"] == 1].set_index("estimator")


def coins(seed=0):
    return np.random.default_rng(seed).integers(2, size=PATTERNS)


def test_a_layer_that_says_the_label_keeps_it_on_patterns_not_trained_on():
    labels = coins()
    rows = measured(copying(labels))
    share = np.bincount(labels[OTHERS]) / len(OTHERS)
    entropy = -(share * np.log2(share)).sum()
    np.testing.assert_allclose(rows["label_entropy_bits"], entropy, rtol=1e-12)
    assert rows.loc["held_out_bins", "mi_label_bits"] == pytest.approx(entropy, abs=1e-12)
    # What the penalty on its weights leaves the logistic probe unsure of.
    assert 0.95 * entropy < rows.loc["held_out_decoder", "mi_label_bits"] < entropy


def test_bins_find_labels_that_a_layer_knows_nothing_of_and_a_probe_does_not():
    """Inputs that say nothing: whatever is found is in the number of patterns."""
    trained = copying(np.zeros(PATTERNS, int), spread=0.4)
    rows = measured(dataclasses.replace(trained, labels=coins()))
    bins, decoder = (rows.loc[f"held_out_{name}"] for name in ("bins", "decoder"))
    # About 900 bins for 256 patterns: most are alone in theirs.
    assert bins["mi_label_bits"] > 0.5
    # So is every permutation of them: the null tells it.
    assert bins["permuted_label_bits"] == pytest.approx(bins["mi_label_bits"], abs=0.1)
    # A probe of three parameters is worse than guessing by about 3 / (2 ln 2) / 768 bits.
    for column in ("mi_label_bits", "permuted_label_bits"):
        assert -0.02 < decoder[column] < 0.01


def test_bins_are_those_of_the_estimator_on_each_part():
    trained = copying(coins(), spread=0.3)
    values = np.tanh(trained.inputs)
    estimator = make_estimator("binned", bins=30, low=-1.0, high=1.0)
    row = measured(trained).loc["held_out_bins"]
    parts = {
        "mi_label_bits": OTHERS,
        "training_label_bits": TRAINING,
        "all_label_bits": np.arange(PATTERNS),
    }
    for column, where in parts.items():
        expected = estimator(values[where], trained.labels[where]).mi_label_bits
        # A value at an end of its bin may fall on either side of it: tanh in two precisions.
        assert row[column] == pytest.approx(expected, abs=0.02), column


def test_the_probe_knows_the_training_labels_alone():
    """Labels of the patterns not trained on are turned round: the probe is wrong on all of them."""
    labels = coins()
    turned = labels.copy()
    turned[OTHERS] = 1 - turned[OTHERS]
    trained = copying(labels)
    right, wrong = (
        measured(dataclasses.replace(trained, labels=each)).loc["held_out_decoder"]
        for each in (labels, turned)
    )
    assert right["training_label_bits"] == wrong["training_label_bits"]
    assert wrong["mi_label_bits"] < -1 < 0.9 < right["mi_label_bits"]


def test_the_network_as_probe_reads_what_a_plane_cannot_part():
    """Exclusive or of the signs of two units."""
    trained = copying(np.zeros(PATTERNS, int), spread=0.5)
    labels = ((trained.inputs[:, 0] > -0.5) ^ (trained.inputs[:, 1] > 0)).astype(int)
    trained = dataclasses.replace(trained, labels=labels)
    logistic, mlp = (
        measured(trained, probe=probe).loc["held_out_decoder", "mi_label_bits"]
        for probe in ("logistic", "mlp")
    )
    assert logistic < 0.05 < 0.7 < mlp


def test_a_training_set_without_a_class_is_refused():
    labels = coins()
    labels[TRAINING] = 0
    with pytest.raises(ValueError, match="the training set of initialisation 0 lacks a class"):
        measured(copying(labels))


def judged(held_out, permuted, estimator="held_out_bins"):
    """Judge C38 on twelve networks of three layers."""
    shape = (12, len(EPOCHS), 3)
    table = information("r", estimator, np.ones(shape)).assign(
        mi_label_bits=0.0,
        permuted_label_bits=permuted,
        label_entropy_bits=0.98,
        training_label_bits=0.97,
        all_label_bits=0.96,
    )
    last = (table["layer"] == 2) & (table["epoch"] == EPOCHS[-1])
    table.loc[last, "mi_label_bits"] = held_out
    found = evidence(information("r", "e", np.ones(shape)), held_out_labels=table)
    (row,) = judge(claim("C38", judged_on=on(["r"], [estimator])), found)
    return row


@pytest.mark.parametrize(
    ("held_out", "permuted", "verdict"),
    [
        (0.95, 0.02, "supported"),
        (0.7, 0.02, "refuted"),
        # The same, by an estimator that finds labels in anything.
        (0.95, 0.3, "inconclusive"),
        (0.7, 0.3, "inconclusive"),
    ],
)
def test_labels_must_be_kept_and_not_found_in_anything(held_out, permuted, verdict):
    row = judged(held_out, permuted)
    assert row["estimate"] == pytest.approx(held_out / 0.98)
    assert row["verdict"] == verdict
    assert "on the training set 0.97 bits, on all patterns 0.96 bits" in row["statistic"]


def test_a_lower_bound_can_support_a_claim_and_not_refute_it():
    assert judged(0.95, -0.01, "held_out_decoder")["verdict"] == "supported"
    row = judged(0.7, -0.01, "held_out_decoder")
    assert row["verdict"] == "inconclusive"
    assert row["ci_low"] == pytest.approx(0.7 / 0.98)
    assert row["ci_high"] == 1
    assert "a lower bound" in row["statistic"]
