"""Compare the estimators on the same networks: how far the drop of a layer depends on them.

Reads   information    tables of the runs: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
        rescaled       tables of the runs' layers in other units, or none
Params  runs               list of names
        initialisations    only the first so many networks
        snapshots          at most so many snapshots of each trajectory, evenly taken
        parameters         method and parameters of each estimator, by its name
        statistics         resamples, seed, confidence of the intervals
Writes  table          run, layer, estimator, drop, ci_low, ci_high (bits), inits;
                       rescaling_span_bits, how far the final I(X;T) moves when the layer is
                       rescaled and the network computes the same, empty where not measured; then
                       what the estimator is: method, its parameters, snapshots; as text separated
                       by tabs, empty where a parameter does not apply
"""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from infoplane.claims.comparison import Planes, choose_planes, compare_conditions
from infoplane.claims.rescaling import rescaling_span
from infoplane.claims.trajectories import Trajectories
from infoplane.statistics import Resampling
from pipeline.files import load_table
from pipeline.selection import chosen_snapshots
from pipeline.stage import log, run_as_script
from pipeline.tables import save_text_table
from pipeline.trajectories import INFORMATION, load_trajectories

MEASURED = ["run", "layer", "estimator", "drop", "ci_low", "ci_high", "inits"]


def thinned(found: Trajectories, initialisations: int, snapshots: int) -> Trajectories:
    """Keep the first networks, and of every trajectory at most so many snapshots.

    Parameters
    ----------
    found : Trajectories
    initialisations, snapshots : int

    Returns
    -------
    Trajectories
    """
    networks = found.inits < initialisations
    places = chosen_snapshots(found.epochs.size, snapshots)
    return replace(
        found,
        inits=found.inits[networks],
        epochs=found.epochs[places],
        measured={name: values[networks][:, places] for name, values in found.measured.items()},
        diverged=tuple(init for init in found.diverged if init < initialisations),
    )


def choices(parameters: dict) -> dict:
    """Return an estimator's parameters as they are written in the table."""
    return {
        key: " to ".join(f"{limit:g}" for limit in value) if isinstance(value, list) else value
        for key, value in parameters.items()
    }


def drops_table(
    planes: Planes, parameters: dict[str, dict], resampling: Resampling, spans: pd.DataFrame
) -> pd.DataFrame:
    """Return the mean drop of every run, layer and estimator with its interval and choices.

    Parameters
    ----------
    planes : dict of (run, estimator) to Trajectories
    parameters : dict of str to dict
        Estimators in the order of the table.
    resampling : Resampling
    spans : pandas.DataFrame
        From `read_spans`.

    Returns
    -------
    table : pandas.DataFrame
    """
    rows = pd.DataFrame(compare_conditions(planes, resampling))
    rows = rows[rows["quantity"] == "drop_bits"].rename(columns={"estimate": "drop"})
    there = {name for _, name in planes}
    order = {name: place for place, name in enumerate(parameters) if name in there}
    made = pd.DataFrame([{"estimator": name, **choices(parameters[name])} for name in order])
    counts = pd.DataFrame(
        [
            {"run": run, "estimator": name, "snapshots": found.epochs.size}
            for (run, name), found in planes.items()
        ]
    )
    table = rows[MEASURED].merge(spans, on=["run", "layer", "estimator"], how="left")
    table = table.merge(made, on="estimator").merge(counts, on=["run", "estimator"])
    return table.sort_values(
        ["run", "estimator", "layer"],
        key=lambda column: column.map(order) if column.name == "estimator" else column,
        ignore_index=True,
    )


def read_spans(paths: Iterable[str]) -> pd.DataFrame:
    """Read how far estimates move when layers are rescaled.

    Parameters
    ----------
    paths : iterable of str
        Tables of the measure `rescaled`; there may be none.

    Returns
    -------
    spans : pandas.DataFrame
        ``run, estimator, layer, rescaling_span_bits``.
    """
    parts = [rescaling_span(load_table(path).to_pandas()) for path in paths]
    empty = pd.DataFrame(columns=["run", "estimator", "layer", "rescaling_span_bits"])
    found = pd.concat(parts, ignore_index=True) if parts else empty
    names = {"run": str, "estimator": str, "layer": int, "rescaling_span_bits": float}
    return found.astype(names)


def main(snakemake) -> None:
    """Read the runs' tables, write the drops."""
    params = snakemake.params
    runs, names = list(params.runs), list(params.parameters)
    found = load_trajectories(snakemake.input.information, runs, names=names, columns=INFORMATION)
    measured = [name for name in names if any(name == other for _, other in found)]
    planes = {
        key: thinned(plane, params.initialisations, params.snapshots)
        for key, plane in choose_planes(found, runs, measured).items()
    }
    log.info("%d planes of %d runs", len(planes), len(runs))
    resampling, spans = Resampling(**params.statistics), read_spans(snakemake.input.rescaled)
    rows = drops_table(planes, params.parameters, resampling, spans)
    save_text_table(snakemake.output.table, rows)


if __name__ == "__main__":
    run_as_script(main, globals())
