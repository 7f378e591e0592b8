"""Information in the weights, from how flat the loss is around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoplane.checks import require_choice, require_positive
from infoplane.measures.base import Measure, TrainedNetwork, columns_of
from infoplane.measures.fisher import WHOLE, fisher_refusal
from infoplane.networks.base import Network

CURVATURES = ("exact", "kronecker")
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
        ``exact``, or ``kronecker`` for larger networks of dense layers: a Kronecker product for
        each layer, nothing between layers.

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

    def __post_init__(self):
        require_positive("prior_deviation", self.prior_deviation)
        require_choice("curvature", self.curvature, CURVATURES)

    def refusal(self, network: Network) -> str:
        """Say why there is no such information in the weights of such networks."""
        if reason := fisher_refusal(network):
            return reason
        if self.curvature == "kronecker":
            return "" if network.widths else "curvature: kronecker is of fully connected layers"
        if network.parameter_count > MOST_WEIGHTS:
            return (
                f"curvature: exact takes at most {MOST_WEIGHTS} parameters, not "
                f"{network.parameter_count}; of fully connected layers there is kronecker"
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
            biases; ``information_nats`` and ``flat_minimum_nats``.
        """
        rows = []
        for epoch, parameters in trained.snapshots():
            weights = trained.network.weights(parameters.astype(np.float64))
            squares = [float((own**2).sum()) for own in weights]
            terms = self._curvature_terms(trained, parameters)
            sizes = [own.size for own in weights]
            for layer, (square, size, (volume, trace)) in enumerate(
                zip([sum(squares), *squares], [sum(sizes), *sizes], terms, strict=True), WHOLE
            ):
                nats = square / self.prior_deviation**2 + volume
                bound = flat_minimum_bound(square, trace, size)
                rows.append((epoch, layer, square, nats, bound))
        return columns_of(("squared_norm", "information_nats", "flat_minimum_nats"), rows)

    def _curvature_terms(
        self, trained: TrainedNetwork, parameters: np.ndarray
    ) -> list[tuple[float, float]]:
        """Return log det(2 lambda^2 N F + I) and N tr F, of all weights, then of each layer."""
        # PyTorch is loaded here: studies are planned without it.
        from infoplane.measures import _fisher

        network, samples = trained.network, len(trained.training_samples)
        scale = 2 * self.prior_deviation**2 * samples
        if self.curvature == "exact":
            matrix = _fisher.fisher_matrix(network, parameters, trained.evaluated_inputs)
            parts = [slice(None), *_fisher.layer_slices(network)]
            blocks = [matrix[part, part] for part in parts]
            return [(_log_volume(scale * block), samples * np.trace(block)) for block in blocks]
        pairs = _fisher.kronecker_factors(network, parameters, trained.evaluated_inputs)
        values = [np.multiply.outer(*map(_eigenvalues, pair)) for pair in pairs]
        layers = [(np.log1p(scale * own).sum(), samples * own.sum()) for own in values]
        return [tuple(map(sum, zip(*layers, strict=True))), *layers]


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
