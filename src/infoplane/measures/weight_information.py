"""Information in the weights, from how flat the loss is around them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_positive, require_whole
from infoplane.measures._lanczos import log_determinant
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.measures.fisher import WHOLE, fisher_refusal
from infoplane.networks.base import Network
from infoplane.training.schedule import seed_sequence

CURVATURES = ("exact", "kronecker", "lanczos")
# Numbers of an exact Fisher matrix: above this many weights it takes gigabytes.
MOST_WEIGHTS = 5000


@dataclass(frozen=True)
class WeightInformationMeasure(Measure):
    """Measure Achille's information in the weights, and the bound on it that flat minima give.

    The information is KL(w) = |w|^2 / lambda^2 + log det(2 lambda^2 N F + I) of a Gaussian around
    the weights w, as wide as the loss of N training samples lets it be, to a Gaussian prior. The
    bound is K (log |w|^2 + log(N tr F) - log(K^2 / 2)) / 2 for K weights: Achille & Soatto's, at
    beta 1, with the Fisher information of the samples for the curvature of their summed loss.

    Parameters
    ----------
    label : str
    prior_deviation : float
        lambda, in units of weights.
    curvature : str
        ``exact``; for larger networks ``lanczos``, an estimate with a known error, and of dense
        layers ``kronecker``, whose error nobody knows: a Kronecker product for each layer, nothing
        between layers.
    probes, steps : int
        Of ``lanczos`` alone: random vectors, and products with each; see
        `infoplane.measures._lanczos.log_determinant`.

    References
    ----------
    Achille, Rovere & Soatto (2019), ICLR, "Critical learning periods in deep networks".
    Achille & Soatto (2018), JMLR, "Emergence of invariance and disentanglement in deep
    representations", on flat minima.
    """

    name: ClassVar[str] = "weight_information"
    table: ClassVar[str] = "weight_information"

    prior_deviation: float
    curvature: str = "exact"
    probes: int | None = None
    steps: int | None = None

    def __post_init__(self):
        require_positive("prior_deviation", self.prior_deviation)
        require_choice("curvature", self.curvature, CURVATURES)
        for name, least in (("probes", 2), ("steps", 1)):
            given = getattr(self, name)
            if self.curvature == "lanczos" and given is None:
                raise ValueError(f"curvature: lanczos needs {name}")
            if self.curvature != "lanczos" and given is not None:
                raise ValueError(f"{name} are of curvature: lanczos, not of {self.curvature}")
            if given is not None:
                require_whole(name, given, at_least=least)

    def refusal(self, network: Network) -> str:
        """Say why there is no such information in the weights of such networks."""
        if reason := fisher_refusal(network):
            return reason
        if self.curvature == "kronecker":
            return "" if network.widths else "curvature: kronecker is of fully connected layers"
        if self.curvature == "exact" and network.parameter_count > MOST_WEIGHTS:
            return (
                f"curvature: exact takes at most {MOST_WEIGHTS} parameters, not "
                f"{network.parameter_count}; there is lanczos, and of fully connected layers "
                "kronecker"
            )
        return ""

    def measure(self, trained: TrainedNetwork) -> dict[str, np.ndarray]:
        """Measure one network.

        Parameters
        ----------
        trained : TrainedNetwork

        Returns
        -------
        columns : dict of array
            ``epoch, layer``, 0 for the whole network; ``squared_norm`` of the weights, without
            biases; ``information_nats``, the standard error that ``curvature`` leaves it,
            ``information_error_nats`` (NaN of ``kronecker``), and ``flat_minimum_nats``.
        """
        rows = []
        for epoch, parameters in trained.snapshots():
            weights = trained.network.weights(parameters.astype(np.float64))
            squares = [float((own**2).sum()) for own in weights]
            terms = self._curvature_terms(trained, epoch, parameters)
            sizes = [own.size for own in weights]
            for layer, (square, size, (volume, error, trace)) in enumerate(
                zip([sum(squares), *squares], [sum(sizes), *sizes], terms, strict=True), WHOLE
            ):
                nats = square / self.prior_deviation**2 + volume
                bound = flat_minimum_bound(square, trace, size)
                rows.append((epoch, layer, square, nats, error, bound))
        names = ("squared_norm", "information_nats", "information_error_nats", "flat_minimum_nats")
        return columns_of(names, rows)

    def _curvature_terms(
        self, trained: TrainedNetwork, epoch: int, parameters: np.ndarray
    ) -> list[tuple[float, float, float]]:
        """Return log det(2 lambda^2 N F + I), its error and N tr F, of all weights and by layer."""
        # PyTorch is loaded here: studies are planned without it.
        from infoplane.measures import _fisher

        network, samples = trained.network, len(trained.training_samples)
        scale = 2 * self.prior_deviation**2 * samples
        if self.curvature == "exact":
            matrix = _fisher.fisher_matrix(network, parameters, trained.evaluated_inputs)
            parts = [slice(None), *_fisher.layer_slices(network)]
            blocks = [matrix[part, part] for part in parts]
            return [(_log_volume(scale * own), 0.0, samples * np.trace(own)) for own in blocks]
        if self.curvature == "lanczos":
            seed = seed_sequence(trained.seed, trained.initialisation, "noise")
            return self._lanczos_terms(
                _fisher.fisher_product(network, parameters, trained.evaluated_inputs),
                _fisher.fisher_traces(network, parameters, trained.evaluated_inputs),
                _fisher.layer_slices(network),
                samples,
                np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, epoch)),
            )
        pairs = _fisher.kronecker_factors(network, parameters, trained.evaluated_inputs)
        values = [np.multiply.outer(*map(_eigenvalues, pair)) for pair in pairs]
        layers = [(np.log1p(scale * own).sum(), math.nan, samples * own.sum()) for own in values]
        return [tuple(map(sum, zip(*layers, strict=True))), *layers]

    def _lanczos_terms(
        self,
        product: Callable[[np.ndarray], np.ndarray],
        traces: np.ndarray,
        layers: list[slice],
        samples: int,
        seed: np.random.SeedSequence,
    ) -> list[tuple[float, float, float]]:
        """Return what `_curvature_terms` does, from products with F and its layers' traces."""
        weights, terms = layers[-1].stop, []
        parts, own_traces = [slice(0, weights), *layers], [traces.sum(), *traces]
        for part, trace, own in zip(parts, own_traces, seed.spawn(len(parts)), strict=True):

            def block(vector: np.ndarray, part: slice = part) -> np.ndarray:
                whole = np.zeros(weights)
                whole[part] = vector
                return 2 * self.prior_deviation**2 * samples * product(whole)[part]

            size = part.stop - part.start
            volume, error = log_determinant(block, size, self.probes, self.steps, own)
            terms.append((volume, error, samples * trace))
        return terms


def flat_minimum_bound(squared_norm: float, curvature: float, weights: int) -> float:
    """Return the most information that noise as large as a loss allows leaves in the weights.

    Parameters
    ----------
    squared_norm : float
    curvature : float
        Trace of the Hessian of the summed loss, in nats.
    weights : int

    Returns
    -------
    bound : float
        In nats; minus infinity where the loss is flat.
    """
    if not squared_norm * curvature > 0:
        return -math.inf
    return weights / 2 * (math.log(squared_norm) + math.log(curvature) - math.log(weights**2 / 2))


def _log_volume(matrix: np.ndarray) -> float:
    """Return log det(matrix + I) of a symmetric matrix without negative eigenvalues."""
    root = np.linalg.cholesky(matrix + np.eye(len(matrix)))
    return 2 * float(np.log(np.diag(root)).sum())


def _eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of such a matrix; rounding makes none negative."""
    return np.maximum(np.linalg.eigvalsh(matrix), 0.0)
