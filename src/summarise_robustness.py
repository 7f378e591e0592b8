"""Summarise how far the drop of every layer depends on the estimator, on the same networks.

Reads   information    merged table: run, init, epoch, layer, estimator, mi_input_bits,
                       mi_label_bits (bits), status
Params  runs               list of names
        initialisations    only the first so many networks
        snapshots          at most so many snapshots of each trajectory, evenly taken
        parameters         method and parameters of each estimate, by its name
        statistics         resamples, seed, confidence of the intervals
Writes  table          run, layer, estimator, drop, ci_low, ci_high (bits), inits, then what the
                       estimator is: method, its parameters, snapshots; as text separated by
                       tabs, empty where a parameter does not apply
"""

import pandas as pd

from infoplane.claims.comparison import compare_conditions, compared_planes
from infoplane.statistics import Resampling
from pipeline.configuration import chosen_snapshots
from pipeline.stage import log, run_as_script
from pipeline.tables import load_information, save_text_table

MEASURED = ["run", "layer", "estimator", "drop", "ci_low", "ci_high", "inits"]


def thinned(table: pd.DataFrame, initialisations: int, snapshots: int) -> pd.DataFrame:
    """Keep the first networks, and of every trajectory at most so many snapshots.

    Parameters
    ----------
    table : pandas.DataFrame
        See the module.
    initialisations, snapshots : int

    Returns
    -------
    table : pandas.DataFrame
        With the column ``snapshots``: how many each run and estimator have left.
    """
    table = table[table["init"] < initialisations]
    parts = []
    for _, rows in table.groupby(["run", "estimator"], observed=True, sort=False):
        epochs = sorted(rows["epoch"].unique())
        kept = [epochs[place] for place in chosen_snapshots(len(epochs), snapshots)]
        parts.append(rows[rows["epoch"].isin(kept)].assign(snapshots=len(kept)))
    return pd.concat(parts, ignore_index=True)


def choices(parameters: dict) -> dict:
    """Return an estimator's parameters as they are written in the table."""
    return {
        key: " to ".join(f"{limit:g}" for limit in value) if isinstance(value, list) else value
        for key, value in parameters.items()
    }


def robustness_table(
    information: pd.DataFrame,
    runs: list[str],
    parameters: dict[str, dict],
    resampling: Resampling,
) -> pd.DataFrame:
    """Return the mean drop of every run, layer and estimator with its interval and choices.

    Parameters
    ----------
    information : pandas.DataFrame
        From `thinned`.
    runs : list of str
    parameters : dict of str to dict
        Estimators in the order of the table.
    resampling : Resampling

    Returns
    -------
    table : pandas.DataFrame
    """
    there = set(information["estimator"])
    estimators = [name for name in parameters if name in there]
    rows = pd.DataFrame(
        compare_conditions(compared_planes(information, runs, estimators), resampling)
    )
    rows = rows[rows["quantity"] == "drop_bits"].rename(columns={"estimate": "drop"})
    counts = (
        information[["run", "estimator", "snapshots"]]
        .drop_duplicates()
        .astype({"run": str, "estimator": str})
    )
    made = pd.DataFrame([{"estimator": name, **choices(parameters[name])} for name in estimators])
    table = rows[MEASURED].merge(made, on="estimator").merge(counts, on=["run", "estimator"])
    order = {name: place for place, name in enumerate(estimators)}
    return table.sort_values(
        ["run", "estimator", "layer"],
        key=lambda column: column.map(order) if column.name == "estimator" else column,
        ignore_index=True,
    )


def main(snakemake) -> None:
    """Read the merged table, write the drops."""
    params = snakemake.params
    table = load_information(
        snakemake.input.information, params.runs, params.parameters
    ).to_pandas()
    log.info("%d estimates of %d runs", len(table), len(params.runs))
    table = thinned(table, params.initialisations, params.snapshots)
    resampling = Resampling(**params.statistics)
    rows = robustness_table(table, list(params.runs), params.parameters, resampling)
    save_text_table(snakemake.output.table, rows)


if __name__ == "__main__":
    run_as_script(main, globals())
