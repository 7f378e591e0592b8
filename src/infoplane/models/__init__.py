"""Models whose information is known exactly: nothing is trained, sampled or estimated."""

from infoplane.families import Family
from infoplane.models.base import Model

__all__ = ["MODELS", "Model", "make_model"]

MODELS = Family("infoplane.models", "model", shared=("base", "annealing"))
"""The family of models; see `Model` for how to add one."""


def make_model(model: str, **parameters) -> Model:
    """Make a model by name, without solving it.

    Parameters
    ----------
    model : str
        Such as ``"minimal"``.
    **parameters
        The model's own.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If there is no such model, or it refuses its parameters.
    """
    return MODELS.make(model, **parameters)
