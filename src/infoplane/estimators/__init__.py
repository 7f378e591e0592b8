"""Estimators of mutual information, all behind one call.

An estimator maps a layer's activations and the labels to an estimate, and nothing else. To add one,
write a module of this package with a frozen dataclass derived from `Estimator`: its `name` is the
module's, its fields are the method's parameters, `__post_init__` refuses values that are not
allowed, `assumptions` says what it takes for granted, `refusal` which networks it is not for,
`copies` or `working_bytes` what memory it takes beside a layer, and `_estimate` returns the
`Estimate`. Then ``estimators: {mine: {method: <name>, <parameters>}}`` gives it to the study.

>>> from infoplane.estimators import make_estimator
>>> estimate = make_estimator("binned", bins=30, low=-1.0, high=1.0)(activations, labels)
>>> estimate.mi_input_bits, estimate.mi_label_bits
"""

from __future__ import annotations

from infoplane.estimators.base import Estimate, Estimator
from infoplane.families import Family

__all__ = ["ESTIMATORS", "Estimate", "Estimator", "make_estimator"]

ESTIMATORS = Family(
    "infoplane.estimators",
    "estimator",
    shared=("base", "discrete", "held_out", "kernels"),
)


def make_estimator(method: str, **parameters) -> Estimator:
    """Make the estimator of a given name.

    Parameters
    ----------
    method : str
        Such as ``"binned"`` or ``"kde"``; see `ESTIMATORS.names`.
    **parameters
        The estimator's own parameters.

    Returns
    -------
    Estimator
        A frozen object to call with activations and labels.

    Raises
    ------
    ValueError
        If there is no such method, or it has no such parameter, lacks one, or a value is not
        allowed.
    """
    return ESTIMATORS.make(method, **parameters)
