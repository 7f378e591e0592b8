"""Estimate I(X;T) and I(T;Y) of every layer at every snapshot with one entry's estimators.

Reads   activations    layers/1 .. layers/L, shape (inits, snapshots, samples, units)
Writes  table          run, init, epoch, layer, estimator, mi_input_bits, mi_label_bits,
                       ceiling_bits
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h5py
import numpy as np

from infoplane.estimators import Estimate, make_estimator
from infoplane.estimators.base import check_samples
from pipeline.configuration import chosen_snapshots, estimator_variants, gives_both_bounds
from pipeline.files import reading_hdf5, save_table
from pipeline.stage import Heartbeat, run_as_script

Measure = Callable[[np.ndarray, np.ndarray], dict[str, Estimate]]


def make_measure(name: str, parameters: dict) -> Measure:
    """Return a function from a layer's checked activations and labels to its named estimates.

    Parameters
    ----------
    name : str
        The estimator's key in the configuration; the name of its estimates.
    parameters : dict
        ``method`` and the estimator's parameters, ranges resolved to numbers. With
        ``bound: both`` one pass gives two estimates, ``{name}_upper`` and ``{name}_lower``.

    Returns
    -------
    measure : callable
    """
    if gives_both_bounds(parameters):
        from infoplane.estimators.kde import kde_bounds

        def measure(activations, labels):
            bounds = kde_bounds(activations, labels, parameters["noise_variance"])
            return {f"{name}_{bound}": estimate for bound, estimate in bounds.items()}

        return measure
    estimator = make_estimator(**parameters)
    return lambda activations, labels: {name: estimator.of_checked(activations, labels)}


def resolve_range(parameters: dict, lowest: np.ndarray, highest: np.ndarray, layer: int) -> dict:
    """Replace a bin range by its two numbers for one layer of one network.

    Parameters
    ----------
    parameters : dict
        ``range`` is two numbers; ``"global"``: from the smallest to the largest activation of
        the network, over all layers' units and all epochs (SAXE section 2); or ``"layer"``:
        the same over this layer alone. Without ``range`` nothing changes.
    lowest, highest : array of float32, shape (layers,)
        Extremes of the network's activations over units and epochs.
    layer : int
        1 .. layers.

    Returns
    -------
    parameters : dict
        With ``low`` and ``high`` in place of ``range``.
    """
    if "range" not in parameters:
        return parameters
    resolved = {key: value for key, value in parameters.items() if key != "range"}
    if parameters["range"] == "global":
        low, high = float(lowest.min()), float(highest.max())
    elif parameters["range"] == "layer":
        low, high = float(lowest[layer - 1]), float(highest[layer - 1])
    else:
        low, high = parameters["range"]
    # A layer that never varies has a range of no width; one bin holds it whatever the width.
    return {**resolved, "low": low, "high": high if high > low else low + 1.0}


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Begin the message of a refusal with where it happened."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def information_rows(file: h5py.File, init: int, variants: dict, snapshots: np.ndarray):
    """Yield the estimates of one network: epoch, layer, estimator's name, estimate.

    Parameters
    ----------
    file : h5py.File
        The chunk's activations.
    init : int
        Position within the chunk.
    variants : dict of str to dict
        Parameters of each estimator by its name; all see one reading of the activations.
    snapshots : array of int
        Which snapshots to measure; those from a divergence on are left out.

    Raises
    ------
    ValueError
        If an estimator refuses the activations; the message says where.
    """
    labels, epochs = file["labels"][:], file["epochs"][:][snapshots]
    diverged = file["diverged_epoch"][init]
    if diverged >= 0:
        snapshots, epochs = snapshots[epochs < diverged], epochs[epochs < diverged]
    lowest, highest = file["lowest"][init], file["highest"][init]
    network = f"initialisation {file['initialisations'][init]}"
    for layer in range(1, len(lowest) + 1):
        measures = {
            name: make_measure(name, resolve_range(parameters, lowest, highest, layer))
            for name, parameters in variants.items()
        }
        stored = file[f"layers/{layer}"]
        for epoch, snapshot in zip(epochs, snapshots, strict=True):
            where = f"{network}, epoch {epoch}, layer {layer}"
            with naming(where):
                samples = check_samples(stored[init, snapshot], labels)
            for name, measure in measures.items():
                with naming(f"{where}, estimator {name}"):
                    estimates = measure(*samples)
                for key, estimate in estimates.items():
                    yield epoch, layer, key, estimate


def main(snakemake) -> None:
    """Measure the chunk and write its table."""
    params, run, name = (
        snakemake.params,
        snakemake.wildcards.run,
        snakemake.wildcards.estimator,
    )
    variants, rows = estimator_variants(name, params.estimator), []
    with reading_hdf5(snakemake.input.activations, "activations") as file:
        initialisations = file["initialisations"][:]
        wanted = range(len(initialisations))
        if params.initialisations is not None:
            wanted = np.flatnonzero(initialisations < params.initialisations)
        snapshots = chosen_snapshots(len(file["epochs"]), params.snapshots)
        progress = Heartbeat(len(wanted), "networks")
        for done, init in enumerate(wanted, start=1):
            rows += [
                (initialisations[init], *row)
                for row in information_rows(file, init, variants, snapshots)
            ]
            progress(done)
    init, epoch, layer, key, estimates = zip(*rows, strict=True)
    save_table(
        snakemake.output.table,
        {
            "run": [run] * len(rows),
            "init": np.array(init, np.int32),
            "epoch": np.array(epoch, np.int32),
            "layer": np.array(layer, np.int32),
            "estimator": list(key),
            "mi_input_bits": np.array([e.mi_input_bits for e in estimates]),
            "mi_label_bits": np.array([e.mi_label_bits for e in estimates]),
            "ceiling_bits": np.array([e.ceiling_bits for e in estimates]),
        },
    )


if __name__ == "__main__":
    run_as_script(main, globals())
