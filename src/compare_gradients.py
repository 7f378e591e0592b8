"""Compare the definitions of the gradients' noise: when it takes over in each layer.

Reads   gradients      tables of the runs: run, init, epoch, layer, definition, snr, status
Params  runs, definitions   lists of names
Writes  table          run, definition, layer, transition_epoch (the first epoch with a
                       signal-to-noise ratio below 1 after one above 1, median over networks, of
                       two middle ones the upper; empty where more than half never have one),
                       networks, crossing (share of the networks that have one), as text separated
                       by tabs
"""

import numpy as np
import pandas as pd

from infoplane.claims.trajectories import Trajectories
from infoplane.claims.transitions import transitions
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import load_trajectories


def transitions_table(
    found: dict[tuple[str, str], Trajectories], runs: list[str], definitions: list[str]
) -> pd.DataFrame:
    """Return the transition of every run, definition and layer.

    Parameters
    ----------
    found : dict of (run, definition) to Trajectories
        Which measured ``snr``.
    runs, definitions : list of str

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
        rows += [names | row for row in transitions(found[key])]
    table = pd.DataFrame(rows)
    return table.assign(transition_epoch=table["transition_epoch"].replace(np.inf, np.nan))


def main(snakemake) -> None:
    """Read the runs' tables, write the transitions."""
    params = snakemake.params
    runs, definitions = list(params.runs), list(params.definitions)
    found = load_trajectories(
        snakemake.input.gradients, runs, "definition", definitions, columns=("snr",)
    )
    save_text_table(snakemake.output.table, transitions_table(found, runs, definitions))


if __name__ == "__main__":
    run_as_script(main, globals())
