"""Estimators as they are audited: what each is shown of a task, and which tasks are its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from infoplane.audit.tasks import AuditTask, Draw
from infoplane.estimators import Estimate, make_estimator
from infoplane.estimators.edge import dependence_graph_bits
from infoplane.estimators.infonce import infonce_bits
from infoplane.estimators.kde import kde_bounds
from infoplane.estimators.knn import ksg_variants_bits
from infoplane.estimators.ksg import ksg_ceiling_bits
from infoplane.measures.compressed_neighbours import (
    Compressed,
    CompressedNeighboursMeasure,
    compressed,
    compressed_information_bits,
    compressed_label_bits,
)
from infoplane.measures.noisy_propagation import NoisyPropagationMeasure
from infoplane.networks import make_network

NEIGHBOURS = 3
RENYI_SAMPLES = 400
# What came out of a nonlinearity, and is no net input.
BOUNDED_FAMILIES = ("saturated_layer", "rounded_tanh")
# As in the study.
PROPAGATION = NoisyPropagationMeasure("audit", patterns=256, own_draws=64, draws=2)
COMPRESSED = CompressedNeighboursMeasure("audit")


@dataclass(frozen=True)
class AuditSubject:
    """Describe one estimator as it is audited.

    Attributes
    ----------
    names : str or tuple of str
        Unique; several if one call gives several estimates.
    estimate : callable (AuditTask, Draw) -> Estimate or tuple of Estimate
        As many as there are names, in their order. NaN for a quantity that the estimator does
        not give for that task.
    applies : callable (AuditTask) -> bool
        Whether the task is one for it.
    quantities : tuple of {'input', 'label'}
        Which of I(X;T) and I(T;Y) it estimates at all.
    several_networks : bool
        Whether it takes several networks as one: it gets tasks of those, all others the rest.
    pairs : bool
        Whether it takes any two variables; the others get no tasks of such.
    dropout : bool
        Whether it is of layers with Gaussian dropout: it gets tasks of those, all others the rest.
    """

    names: str | tuple[str, ...]
    estimate: Callable[[AuditTask, Draw], Estimate | tuple[Estimate, ...]]
    applies: Callable[[AuditTask], bool] = lambda task: True
    quantities: tuple[str, ...] = ("input", "label")
    several_networks: bool = False
    pairs: bool = False
    dropout: bool = False

    @property
    def all_names(self) -> tuple[str, ...]:
        """Return the names as a tuple, also of one that stands alone."""
        return (self.names,) if isinstance(self.names, str) else self.names


def layer_subjects() -> list[AuditSubject]:
    """Return the audited estimators of one layer of one network, as they are used in the study.

    Returns
    -------
    list of AuditSubject
        Estimators that declare noise get the layer and the task's own noise where it has some
        (`kde_upper`, `knn_3`), and usual variances where it has none (`kde_0.1_upper`,
        `knn_3_0.001`). The others get the layer with its noise, and are asked for I(X;T) only
        where T is a function of X. All get layers in single precision, as the study stores
        them; `net_input` takes them for net inputs. The matrix-based ones take at most 400
        samples, as in the study: the time of their spectra grows with the third power. Ross's
        estimator has a row of its own where there is no noise; elsewhere it is the I(T;Y) of
        `knn_3`. Sample propagation is shown the layer as the second of a linear network with
        half the noise in each.
    """

    def noisy(task: AuditTask) -> bool:
        return task.noise_variance > 0

    def two(task: AuditTask) -> bool:
        return task.two_variables

    def quiet(task: AuditTask) -> bool:
        return not noisy(task)

    def unbounded(task: AuditTask) -> bool:
        return task.family not in BOUNDED_FAMILIES

    def compressible(task: AuditTask) -> bool:
        return task.two_variables or task.family == "label_mixing"

    renyi = {"method": "matrix_renyi", "samples": RENYI_SAMPLES}
    return [
        AuditSubject("binned_30", _binned(30), pairs=True),
        AuditSubject("binned_100", _binned(100)),
        AuditSubject("adaptive_30", _of_observed("adaptive", bins=30)),
        AuditSubject("net_input_0.18", _of_observed("net_input", bin_width=0.18), unbounded),
        AuditSubject("machine_precision", _of_observed("machine_precision")),
        AuditSubject("exact", _of_observed("exact"), quiet),
        AuditSubject(("kde_upper", "kde_lower"), _kde(), noisy),
        AuditSubject(("kde_0.1_upper", "kde_0.1_lower"), _kde(0.1), quiet),
        AuditSubject(("kde_0.001_upper", "kde_0.001_lower"), _kde(1e-3), quiet),
        AuditSubject("kde_scaled_0.1", _scaled_kde, quiet),
        AuditSubject("knn_3", _knn(), noisy),
        AuditSubject("knn_3_0.001", _knn(1e-3), quiet),
        AuditSubject("ross_3", _of_observed("knn", noise_variance=0.0), quiet, ("label",)),
        AuditSubject("kraskov_2", _of_observed("kraskov_entropy"), quantities=("label",)),
        AuditSubject(("ksg1_3", "ksg2_3"), _ksg("maximum"), two, ("input",), pairs=True),
        AuditSubject(
            ("ksg1_3_euclidean", "ksg2_3_euclidean"), _ksg("euclidean"), two, ("input",), pairs=True
        ),
        AuditSubject("edge", _edge, pairs=True),
        AuditSubject("matrix_renyi_alignment", _of_observed(**renyi)),
        AuditSubject("matrix_renyi_median", _of_observed(**renyi, width_rule="median")),
        AuditSubject("soft_entropy_100", _of_observed("soft_entropy", anchors=100)),
        AuditSubject("mixture_entropy", _mixture_entropy, noisy),
        AuditSubject(("propagated_upper", "propagated_lower"), _propagated, noisy),
        AuditSubject("infonce", _infonce, two, ("input",), pairs=True),
        AuditSubject("decoder_logistic", _decoder("logistic"), quantities=("label",)),
        AuditSubject("decoder_mlp", _decoder("mlp"), quantities=("label",)),
        AuditSubject("compressed_neighbours", _compressed, compressible, pairs=True),
    ]


def _without_input(task: AuditTask, estimate: Estimate) -> Estimate:
    """Drop I(X;T) where T is not a function of X, as the estimator takes it to be."""
    if task.noise_variance == 0:
        return estimate
    return Estimate(math.nan, estimate.mi_label_bits, estimate.ceiling_bits)


def _of_observed(method: str, **parameters) -> Callable[[AuditTask, Draw], Estimate]:
    estimator = make_estimator(method, **parameters)
    return lambda task, draw: _without_input(task, estimator(_stored(draw), draw.labels))


def _stored(draw: Draw) -> np.ndarray:
    """Return the layer with its noise as the study would have it in its files."""
    return draw.observed.astype(np.float32)


def _kde(variance: float | None = None) -> Callable[[AuditTask, Draw], tuple[Estimate, ...]]:
    """Give both bounds of the layer with the task's noise, or a given one."""

    def estimate(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
        noise = task.noise_variance if variance is None else variance
        bounds = kde_bounds(draw.layer, draw.labels, noise)
        return bounds["upper"], bounds["lower"]

    return estimate


def _scaled_kde(task: AuditTask, draw: Draw) -> Estimate:
    return make_estimator("kde_scaled", fraction=0.1)(draw.layer, draw.labels)


def _knn(variance: float | None = None) -> Callable[[AuditTask, Draw], Estimate]:
    def estimate(task: AuditTask, draw: Draw) -> Estimate:
        noise = task.noise_variance if variance is None else variance
        estimator = make_estimator("knn", noise_variance=noise, neighbours=NEIGHBOURS)
        return estimator(draw.layer, draw.labels)

    return estimate


def _binned(bins: int) -> Callable[[AuditTask, Draw], Estimate]:
    """Bin the range of the data; with noise, count I(X;T) from both binned variables."""

    def over_range(values: np.ndarray):
        low, high = float(values.min()), float(values.max())
        return make_estimator("binned", bins=bins, low=low, high=high if high > low else low + 1)

    def estimate(task: AuditTask, draw: Draw) -> Estimate:
        layer = _stored(draw)
        binning = over_range(layer)
        direct = binning(layer, draw.labels)
        if not task.two_variables:
            return direct
        states = [
            np.unique(states, return_inverse=True)[1]
            for states in (
                over_range(draw.inputs).states(draw.inputs),
                binning.states(layer),
            )
        ]
        information = dependence_graph_bits(*states, upper_bound_bits=math.inf)
        return Estimate(information, direct.mi_label_bits, direct.ceiling_bits)

    return estimate


def _ksg(metric: str) -> Callable[[AuditTask, Draw], tuple[Estimate, ...]]:
    """Estimate I(X;T) of two continuous variables, with the value of a perfect dependence."""

    def estimate(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
        variants = ksg_variants_bits(draw.inputs, draw.observed, NEIGHBOURS, metric)
        return tuple(
            Estimate(bits, math.nan, ksg_ceiling_bits(len(draw.labels), NEIGHBOURS, variant))
            for variant, bits in enumerate(variants, start=1)
        )

    return estimate


def _edge(task: AuditTask, draw: Draw) -> Estimate:
    """Hash the layer; with noise, hash both X and T."""
    estimator = make_estimator("edge")
    direct = estimator(_stored(draw), draw.labels)
    if not task.two_variables:
        return direct
    information = estimator.information_bits(draw.inputs, draw.observed)
    return Estimate(information, direct.mi_label_bits, direct.ceiling_bits)


def _mixture_entropy(task: AuditTask, draw: Draw) -> Estimate:
    deviation = math.sqrt(task.noise_variance)
    estimator = make_estimator("mixture_entropy", noise_standard_deviation=deviation)
    return estimator(draw.layer, draw.labels)


def _infonce(task: AuditTask, draw: Draw) -> Estimate:
    """Add the task's noise to its layer, or take two variables as they are."""
    # Any noise will do for pairs, which get none.
    estimator = make_estimator("infonce", noise_variance=task.noise_variance or 1.0)
    if not task.pairs:
        return estimator(draw.layer, draw.labels)
    settings = estimator.batch_size, estimator.steps, estimator.seed
    information = infonce_bits(draw.inputs, draw.observed, *settings)
    return Estimate(information, math.nan, math.log2(estimator.batch_size))


def _compressed(task: AuditTask, draw: Draw) -> Estimate:
    """Compress both variables as the study does its images and layers."""
    x, t = (
        Compressed(compressed(values, COMPRESSED.dimensions), COMPRESSED.neighbours)
        for values in (draw.inputs, draw.observed)
    )
    about_input = math.nan
    if task.two_variables:
        about_input = compressed_information_bits(x, t)
    about_label = math.nan
    if not task.pairs:
        about_label = compressed_label_bits(t, draw.labels)
    return Estimate(about_input, about_label, math.log2(len(draw.labels)))


def _decoder(probe: str) -> Callable[[AuditTask, Draw], Estimate]:
    estimator = make_estimator("decoder", probe=probe)
    return lambda task, draw: estimator(_stored(draw), draw.labels)


def _propagated(task: AuditTask, draw: Draw) -> tuple[Estimate, ...]:
    """Run a linear network that hands the layer on twice, with half of the noise each time.

    The noise of its second layer adds up to the task's.
    """
    units = draw.layer.shape[1]
    network = make_network(
        "noisy",
        widths=(units, units, units, 1),
        activation="linear",
        output="sigmoid",
        initial_weights="he",
        noise_standard_deviation=math.sqrt(task.noise_variance / 2),
    )
    handing_on = np.append(np.eye(units), np.zeros((1, units)), axis=0).ravel()
    parameters = np.concatenate([handing_on, handing_on, np.zeros(units + 1)])
    found = PROPAGATION.of_network(
        parameters.astype(np.float32),
        network,
        draw.layer,
        draw.labels,
        np.random.default_rng(0),
    )[1]
    ceiling = math.log2(len(draw.labels))
    return tuple(
        Estimate(bits, found.mi_label_bits, ceiling)
        for bits in (found.mi_input_bits, found.mi_input_lower_bits)
    )
