"""Which layers a claim is about, and what of their trajectories."""

from __future__ import annotations

import numpy as np

from infoplane.claims.evidence import Case, ClaimError
from infoplane.claims.trajectories import QUANTITIES, Trajectories, layer_name, summarise

LAYER_WORDS = ("all", "hidden", "last_hidden", "output")
ACROSS = {"largest": np.max, "smallest": np.min, "mean": np.mean, "median": np.median}


def measured(case: Case, found: Trajectories, quantity: str) -> np.ndarray:
    """Return a statistic of every trajectory.

    Parameters
    ----------
    case : Case
    found : Trajectories
    quantity : str
        One of `infoplane.claims.trajectories.QUANTITIES`.

    Returns
    -------
    values : array of float, shape (inits, layers)
    """
    if quantity not in QUANTITIES:
        raise ClaimError(
            f"claim {case.claim}: quantity {quantity!r} is not one of: {', '.join(QUANTITIES)}"
        )
    found.complete("mi_label_bits" if "label" in quantity else "mi_input_bits")
    return summarise(found)[quantity]


def at_the_end(values: np.ndarray) -> np.ndarray:
    """Return measurements of the last epoch.

    Parameters
    ----------
    values : array of float, shape (inits, epochs, layers)
        Without initialisations there may be no epochs.

    Returns
    -------
    values : array of float, shape (inits, layers)
    """
    return values[:, -1] if len(values) else np.empty((0, values.shape[2]))


def choose_layers(case: Case, found: Trajectories, layers: str | list[int]) -> list[int]:
    """Return the positions of the layers that a claim is about.

    Parameters
    ----------
    case : Case
    found : Trajectories
    layers : str or list of int
        One of `LAYER_WORDS`, or numbers from 1, the last being the output layer.

    Returns
    -------
    positions : list of int
    """
    there = found.layers.tolist()
    words = dict(zip(LAYER_WORDS, (there, there[:-1], there[-2:-1], there[-1:]), strict=True))
    if isinstance(layers, str):
        if layers not in words:
            raise ClaimError(
                f"claim {case.claim}: layers {layers!r} is neither a list of numbers nor one "
                f"of: {', '.join(LAYER_WORDS)}"
            )
        layers = words[layers]
    unknown = [layer for layer in layers if layer not in there]
    if unknown or not layers:
        raise ClaimError(
            f"claim {case.claim}: run {case.run!r} has the layers {there}, not {unknown}"
        )
    return [there.index(layer) for layer in layers]


def combine_layers(case: Case, replicates: np.ndarray, across: str) -> np.ndarray:
    """Reduce the layers of replicates, or of initialisations, to one number a row.

    Parameters
    ----------
    case : Case
    replicates : array of float, shape (rows, layers)
    across : str
        One of `ACROSS`.

    Returns
    -------
    replicates : array of float, shape (rows,)
    """
    if across not in ACROSS:
        raise ClaimError(
            f"claim {case.claim}: across {across!r} is not one of: {', '.join(ACROSS)}"
        )
    return ACROSS[across](replicates, axis=1)


def deciding_layers(positions: list[int], values: np.ndarray, across: str) -> tuple[int, ...]:
    """Return the positions of the layers that decide: one if the largest or smallest mean does.

    Parameters
    ----------
    positions : list of int
    values : array of float, shape (inits, positions)
    across : str
        One of `ACROSS`.
    """
    if across not in ("largest", "smallest") or not len(values):
        return tuple(positions)
    means = values.mean(axis=0)
    return (positions[int(means.argmax() if across == "largest" else means.argmin())],)


def layers_text(found: Trajectories, positions: list[int], across: str) -> str:
    """Return the words for the chosen layers, such as ``largest of T1, T2``."""
    names = [layer_name(int(found.layers[place]), len(found.layers)) for place in positions]
    return names[0] if len(names) == 1 else f"{across} of {', '.join(names)}"
