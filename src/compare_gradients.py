"""Compare the definitions of the gradients' noise: when it takes over in each layer.

Reads   gradients      tables of the runs: run, init, epoch, layer, definition, snr, status
Params  runs, definitions   lists of names
        events         what counts as a transition, see infoplane.claims.transitions
Writes  table          run, definition, layer, transition_epoch (where the smoothed signal-to-noise
                       ratio falls below 1 for good, median over networks, of two middle ones the
                       upper; empty where more than half never do, or where noise alone makes too
                       many), networks, crossing (share of the networks that have one), false_finds
                       (share of trajectories with the same noise and no crossing in which one is
                       found), fall_epoch (where the ratio falls most steeply, likewise the median;
                       empty where the fall of more than half does not stand out from noise),
                       falling (share of the networks whose fall does), as text separated by tabs
"""

import math

import numpy as np
import pandas as pd

from infoplane.claims.null_controls import fall_null, false_crossings
from infoplane.claims.trajectories import Trajectories
from infoplane.claims.transitions import EventSearch, crossing_epochs, fall_epochs
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import load_trajectories


def transitions(found: Trajectories, search: EventSearch) -> list[dict]:
    """Return when the noise takes over in each layer, over networks.

    Parameters
    ----------
    found : Trajectories
        Which measured ``snr``.
    search : EventSearch

    Returns
    -------
    rows : list of dict
        The columns of the table from ``layer`` on; see the module. Without networks, epochs and
        shares are NaN.
    """
    measured = found.measured["snr"], found.epochs
    crossing, fall = crossing_epochs(*measured, search), fall_epochs(*measured, search)
    false = false_crossings(*measured, found.inits, search)
    stands_out = fall_null(*measured, found.inits, search).stands_out(search)
    # A fall that does not stand out has no epoch, and the median is one that half of them reach.
    fall = np.where(stands_out, fall, np.inf)
    return [
        {
            "layer": int(layer),
            "transition_epoch": _middle(crossing[:, place])
            if _share(false[:, place]) <= search.most_false
            else math.nan,
            "networks": found.inits.size,
            "crossing": _share(np.isfinite(crossing[:, place])),
            "false_finds": _share(false[:, place]),
            "fall_epoch": _middle(fall[:, place]),
            "falling": _share(stands_out[:, place]),
        }
        for place, layer in enumerate(found.layers)
    ]


def _middle(epochs: np.ndarray) -> float:
    """Return the median, of two middle values the upper: an average with infinity says nothing."""
    return float(np.quantile(epochs, 0.5, method="higher")) if epochs.size else math.nan


def _share(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else math.nan


def transitions_table(
    found: dict[tuple[str, str], Trajectories],
    runs: list[str],
    definitions: list[str],
    search: EventSearch,
) -> pd.DataFrame:
    """Return the transition of every run, definition and layer.

    Parameters
    ----------
    found : dict of (run, definition) to Trajectories
        Which measured ``snr``.
    runs, definitions : list of str
    search : EventSearch

    Returns
    -------
    table : pandas.DataFrame
        See the module.

    Raises
    ------
    ValueError
        If a definition was not measured of a run.
    """
    rows = []
    for key in ((run, definition) for run in runs for definition in definitions):
        if key not in found:
            raise ValueError(
                f"run {key[0]!r}, definition {key[1]!r} is to be compared, but the tables have no "
                f"row for it; they have {sorted(found)}"
            )
        if found[key].diverged:
            names = ", ".join(map(str, found[key].diverged))
            log.warning("%s: diverged initialisations are left out: %s", ", ".join(key), names)
        names = dict(zip(("run", "definition"), key, strict=True))
        rows += [names | row for row in transitions(found[key], search)]
    table = pd.DataFrame(rows)
    epochs = ["transition_epoch", "fall_epoch"]
    return table.assign(**table[epochs].replace(np.inf, np.nan))


def main(snakemake) -> None:
    """Read the runs' tables, write the transitions."""
    params = snakemake.params
    runs, definitions = list(params.runs), list(params.definitions)
    found = load_trajectories(
        snakemake.input.gradients, runs, "definition", definitions, columns=("snr",)
    )
    table = transitions_table(found, runs, definitions, EventSearch(**params.events))
    save_text_table(snakemake.output.table, table)


if __name__ == "__main__":
    run_as_script(main, globals())
