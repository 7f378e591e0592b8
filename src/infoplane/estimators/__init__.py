"""Estimators of mutual information, all behind one call.

>>> from infoplane.estimators import make_estimator
>>> estimate = make_estimator("binned", bins=30, low=-1.0, high=1.0)(activations, labels)
>>> estimate.mi_input_bits, estimate.mi_label_bits
"""

from __future__ import annotations

import inspect
from importlib import import_module

from infoplane.estimators.base import Estimate, Estimator

__all__ = ["METHODS", "Estimate", "Estimator", "estimator_class", "make_estimator"]

# Name of each method -> the module of this package and the class in it. A module is imported
# when it is used, so that no estimator pays for another's libraries.
METHODS = {
    "binned": ("binned", "BinnedEstimator"),
    "kde": ("kde", "KdeEstimator"),
    "kde_scaled": ("adaptive", "ScaledKdeEstimator"),
    "adaptive": ("adaptive", "AdaptiveBinnedEstimator"),
    "net_input": ("net_input_bins", "NetInputBinnedEstimator"),
    "machine_precision": ("machine_precision", "MachinePrecisionEstimator"),
    "knn": ("knn", "KnnEstimator"),
    "ksg": ("ksg", "KsgEstimator"),
    "kraskov_entropy": ("knn", "KraskovEntropyEstimator"),
    "edge": ("edge", "EdgeEstimator"),
    "matrix_renyi": ("matrix_renyi", "MatrixRenyiEstimator"),
    "multi_network": ("multi_network", "MultiNetworkEstimator"),
    "hsic": ("hsic", "HsicEstimator"),
    "exact": ("exact", "ExactEstimator"),
    "mixture_entropy": ("mixture_entropy", "MixtureEntropyEstimator"),
    "sample_propagation": ("sample_propagation", "SamplePropagationEstimator"),
    "decoder": ("variational", "DecoderEstimator"),
    "infonce": ("variational", "InfoNceEstimator"),
}


def estimator_class(method: str) -> type[Estimator]:
    """Return the class behind a method's name.

    Parameters
    ----------
    method : str
        A key of `METHODS`.

    Returns
    -------
    type

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in METHODS:
        raise ValueError(f"no estimator {method!r}; there are: {', '.join(sorted(METHODS))}")
    module, name = METHODS[method]
    return getattr(import_module(f"{__name__}.{module}"), name)


def make_estimator(method: str, **parameters) -> Estimator:
    """Make the estimator of a given name.

    Parameters
    ----------
    method : str
        A key of `METHODS`, such as ``"binned"`` or ``"kde"``.
    **parameters
        The estimator's own parameters.

    Returns
    -------
    Estimator
        A frozen object to call with activations and labels.

    Raises
    ------
    ValueError
        If there is no such method, or it has no such parameter, or a value is not allowed.
    """
    estimator = estimator_class(method)
    allowed = inspect.signature(estimator).parameters
    unknown = sorted(set(parameters) - set(allowed))
    if unknown:
        raise ValueError(
            f"estimator {method!r} has no parameter {unknown[0]!r}; it has: {', '.join(allowed)}"
        )
    return estimator(**parameters)
