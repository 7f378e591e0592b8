"""Label information of every layer on patterns that the network was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice
from infoplane.estimators.binned import BinnedEstimator
from infoplane.estimators.decoder import (
    PROBES,
    DecoderEstimator,
    decoded_label_bits,
    fitted_probe,
)
from infoplane.estimators.discrete import entropy_bits
from infoplane.estimators.held_out import standardised
from infoplane.measures.base import Measure, TrainedNetwork, columns_of, two_numbers
from infoplane.training.schedule import seed_sequence

COLUMNS = (
    *("estimator", "mi_label_bits", "permuted_label_bits", "label_entropy_bits"),
    *("training_label_bits", "all_label_bits"),
)
Reader = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], float]]


@dataclass(frozen=True)
class HeldOutLabelsMeasure(Measure):
    """Measure I(T;Y) on the patterns of the evaluation, beside what permuted labels give.

    Two estimators: bins, which find every label in a layer that keeps patterns apart, learnt or
    not, and a probe fitted on the network's training set, which finds what carries over from there.

    Parameters
    ----------
    label : str
    bins : int
    range : sequence of two float
        One set of intervals for all layers, in units of activation.
    probe : str
        One of `infoplane.estimators.decoder.PROBES`.
    """

    name: ClassVar[str] = "held_out_labels"
    table: ClassVar[str] = "held_out_labels"

    bins: int
    range: Sequence[float]
    probe: str = "logistic"

    def __post_init__(self) -> None:
        require_choice("probe", self.probe, PROBES)
        self.binning()

    def binning(self) -> BinnedEstimator:
        """Return the intervals that all layers share."""
        low, high = two_numbers(self.range)
        return BinnedEstimator(bins=self.bins, low=low, high=high)

    def estimators(self) -> tuple[str, ...]:
        """Return the names of the two."""
        return (f"{self.label}_bins", f"{self.label}_decoder")

    def methods(self) -> tuple[str, ...]:
        """Return the methods behind them."""
        return (BinnedEstimator.name, DecoderEstimator.name)

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork
            The probe is fitted on its training samples, whatever it is measured on.

        Returns
        -------
        columns : dict of array
            ``epoch, layer, estimator``, and in bits: ``mi_label_bits`` on the patterns to measure
            on, ``permuted_label_bits`` the same with labels that are permuted within them and
            within the training set, ``label_entropy_bits`` their H(Y), ``training_label_bits`` and
            ``all_label_bits`` on the training set and on all patterns.

        Raises
        ------
        ValueError
            If the training set lacks a class.
        """
        if len(np.unique(trained.labels[trained.training_samples])) <= trained.labels.max():
            raise ValueError(
                f"the training set of initialisation {trained.initialisation} lacks a class: no "
                "probe can be fitted on it"
            )
        return columns_of(COLUMNS, self._rows(trained))

    def _rows(self, trained: TrainedNetwork) -> Iterator[tuple]:
        labels, training, read = trained.labels, trained.training_samples, trained.patterns
        permuted = _permuted(trained)
        entropy = entropy_bits(labels[read])
        everything = np.arange(len(labels))
        for epoch, parameters in trained.snapshots():
            layers = trained.network.net_inputs_and_activations(parameters, trained.inputs)[1]
            for layer, values in enumerate(layers, start=1):
                readers = self._by_bins(values), self._by_probe(values, training)
                for name, reader in zip(self.estimators(), readers, strict=True):
                    bits_of = reader(labels)
                    known = bits_of(read), reader(permuted)(read), entropy
                    yield epoch, layer, name, *known, bits_of(training), bits_of(everything)

    def _by_bins(self, values: np.ndarray) -> Reader:
        """Return what reads labels out of a layer's bins: first the labels, then where."""
        binning = self.binning()
        return lambda labels: (lambda where: binning(values[where], labels[where]).mi_label_bits)

    def _by_probe(self, values: np.ndarray, training: np.ndarray) -> Reader:
        """Return what reads labels out of a layer by a probe that is fitted on the training set."""
        features = standardised(values, training)

        def reader(labels):
            probe = fitted_probe(self.probe, 0, features[training], labels[training])
            return lambda where: decoded_label_bits(probe, features[where], labels[where])

        return reader


def _permuted(trained: TrainedNetwork) -> np.ndarray:
    """Return labels that are permuted within the training set, and within all other patterns."""
    seed = seed_sequence(trained.seed, trained.initialisation, "permutation")
    generator = np.random.default_rng(seed)
    labels = trained.labels.copy()
    others = np.setdiff1d(np.arange(len(labels)), trained.training_samples)
    for part in (trained.training_samples, others):
        labels[part] = generator.permutation(labels[part])
    return labels
