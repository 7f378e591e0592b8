"""Tables of a made-up study, for the stages that draw figures."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from infoplane.models import make_model
from infoplane.models.annealing import Inputs
from pipeline.files import save_table

ENTRIES = Path(__file__).parents[2] / "config/figures.yaml"
EPOCHS = np.array([0, 1, 3, 10, 30, 100, 400, 1000])
LAYERS, INITS, DIVERGED = 4, 5, ("saxe_sgd_relu", 2)
RUNS = ("szt_tanh", "saxe_tanh", "saxe_relu", "saxe_sgd_tanh", "saxe_sgd_relu")
FIGURES_OF_LINEAR_NETWORKS = (
    *("linear_as_stated", "linear_more_samples", "linear_deep", "linear_deep_more_samples"),
    *("linear_mini_batch", "linear_irrelevant", "linear_irrelevant_noisy"),
    "linear_irrelevant_precise",
)
DEFINITIONS = ("szt_first", "szt_second", "szt_latest", "saxe_sample", "saxe_batch")


def grid(*names_and_values):
    """Return every combination of some columns' values as a frame."""
    names, values = zip(*names_and_values, strict=True)
    return pd.DataFrame(itertools.product(*values), columns=list(names))


def with_status(frame):
    """Mark one network diverged, cut its rows and make them absurd."""
    lost = (frame["run"] == DIVERGED[0]) & (frame["init"] == DIVERGED[1])
    numbers = frame.select_dtypes("float").columns
    frame.loc[lost, numbers] = 1e6
    frame["status"] = np.where(lost, "diverged", "ok")
    return frame[~lost | (frame["epoch"] < 30)]


def save(frame, path):
    """Write a frame as a Parquet table."""
    save_table(path, {name: frame[name].to_numpy() for name in frame})


def save_runs(frame, folder):
    """Write a frame as one table a run and measurement, as the study has them."""
    measured = frame["estimator"] if "estimator" in frame else np.full(len(frame), "all")
    for (run, measurement), part in frame.groupby([frame["run"], measured]):
        save(part, folder / run / f"{measurement}.parquet")


def read_all(folder):
    """Read all tables of a folder as one frame."""
    paths = sorted(folder.rglob("*.parquet"))
    frame = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


def save_study(folder):
    """Save all tables that figures are drawn from."""
    save_tidy_tables(folder)
    save_text_tables(folder)
    save_models(folder / "models")
    save_claim_details(folder / "claim_details.tsv")


def save_tidy_tables(folder):
    """Save information, dependence of all networks but one, gradients and metrics.

    One network diverges, one layer is dead.
    """
    draws = np.random.default_rng(0)
    keys = (("run", RUNS), ("init", range(INITS)), ("epoch", EPOCHS))
    layer = ("layer", range(1, LAYERS + 1))

    information = grid(*keys, layer, ("estimator", ("binned", "kde")))
    time = np.log10(information["epoch"] + 1) / 3
    noise = draws.uniform(0, 0.5, len(information))
    information["mi_input_bits"] = 12.0 - information["layer"] * (0.5 + time) + noise
    information["mi_label_bits"] = (0.2 + 0.7 * time) / information["layer"] ** 0.2
    information.loc[information["estimator"] == "kde", "mi_input_bits"] += 100.0
    information["ceiling_bits"] = np.where(information["layer"] == LAYERS, 9.0, 12.0)
    save_runs(with_status(information), folder / "information")

    groups = grid(*keys, layer, ("estimator", ("copies",)))
    groups["mi_input_bits"] = 9.0 - 0.5 * groups["layer"]
    groups["published_mi_input_bits"] = groups["mi_input_bits"] + 2.0
    groups["mi_label_bits"] = 0.9 / groups["layer"] ** 0.5
    groups["ceiling_bits"] = 12.0
    save_runs(with_status(groups), folder / "several_networks")

    scale = grid(*keys, layer)
    scale["deviation"] = scale["layer"] * 0.1 + 0.001 * scale["epoch"]
    save_runs(with_status(scale), folder / "activation_scale")

    collapse = grid(*keys, layer)
    collapse["within_over_between"] = collapse["layer"] * 10.0 ** (-collapse["epoch"] / 500)
    collapse["norm_variation"] = 0.3 / collapse["layer"]
    collapse["angle_error"] = 0.2 / (1.0 + np.log10(collapse["epoch"] + 1))
    save_runs(with_status(collapse), folder / "neural_collapse")

    dependence = grid(*keys, layer, ("estimator", ("hsic",)))
    dependence["input_dependence"] = 0.9 / dependence["layer"]
    dependence["label_dependence"] = 0.1 * dependence["layer"]
    few = dependence["init"] < INITS - 1
    save_runs(with_status(dependence[few].copy()), folder / "dependence")

    changes = (("scaled", 0.1), ("scaled", 1.0), ("scaled", 10.0), ("permuted", 1.0))
    rescaled = grid(*keys, layer, ("estimator", ("binned", "kde")), ("change", changes))
    rescaled["scale"] = [scale for _, scale in rescaled["change"]]
    rescaled["change"] = [change for change, _ in rescaled["change"]]
    # A final span of 0, 2, 4, ... bits in layers 1, 2, 3, ...; kernels see two bits more.
    rescaled["mi_input_bits"] = 5.0 - (rescaled["layer"] - 1) * np.log10(rescaled["scale"])
    rescaled["ceiling_bits"] = np.nan
    rescaled["mi_input_bits"] *= np.where(rescaled["epoch"] == EPOCHS[-1], 1.0, 2.0)
    kde = rescaled["estimator"] == "kde"
    rescaled.loc[kde, "mi_input_bits"] += np.log10(rescaled["scale"][kde])
    # The output layer cannot be scaled, and a tanh layer only mirrored.
    tanh = rescaled["run"].str.contains("tanh") & (rescaled["change"] == "scaled")
    rescaled.loc[tanh & (rescaled["scale"] == 10.0), "scale"] = -1.0
    kept = (rescaled["layer"] < LAYERS) & ~(tanh & (rescaled["scale"] == 0.1))
    # Kernels are slow: fewer networks.
    kept &= ~(kde & (rescaled["init"] == 0))
    save_runs(with_status(rescaled[kept].copy()), folder / "rescaled")

    gradients = grid(*keys, layer, ("definition", DEFINITIONS))
    gradients["mean_norm"] = 10.0 ** (-gradients["layer"] - gradients["epoch"] / 500)
    gradients["std_norm"] = draws.uniform(1e-4, 1e-3, len(gradients))
    gradients["snr"] = gradients["mean_norm"] / gradients["std_norm"]
    gradients["weight_norm"] = 2.0
    dead = (gradients["run"] == "saxe_sgd_relu") & (gradients["layer"] == LAYERS)
    gradients.loc[dead, ["mean_norm", "std_norm", "snr"]] = [0.0, 0.0, np.nan]
    save_runs(with_status(gradients), folder / "gradients")

    weights = grid(*keys, layer)
    weights["weight_norm"] = weights["layer"] * (1.0 + np.log10(weights["epoch"] + 1))
    save_runs(with_status(weights), folder / "weights")

    inversion = grid(*keys, ("layer", range(1, LAYERS)))
    inversion["error_float32"] = 1e-7 * inversion["layer"] * (1 + inversion["epoch"])
    inversion["error_float64"] = 1e-9 * inversion["error_float32"]
    save_runs(with_status(inversion), folder / "inversion")

    ends = (*keys[:2], ("epoch", EPOCHS[[0, -1]]), ("layer", range(LAYERS + 1)))
    sides = [(name, range(count)) for name, count in (("image", 2), ("row", 3), ("column", 3))]
    images = grid(*ends, *sides).assign(channel=0)
    images["value"] = (images["row"] + images["image"]) / 3.0 + 0.01 * images["layer"]
    images["searched"] = (images["layer"] > 2).astype(int)
    save_runs(with_status(images), folder / "inverted_images")

    fisher = grid(*keys, ("layer", range(LAYERS + 1)))
    fisher["fisher_trace"] = np.where(fisher["layer"] == 0, 10.0, 2.0) / (1 + fisher["epoch"])
    save_runs(with_status(fisher), folder / "fisher")

    fits = grid(*keys, layer)
    fits["mi_input_bits"] = 12.0 - 2.5 * fits["layer"]
    fits["mi_label_bits"] = 0.45 - 0.05 * fits["layer"] + 0.0 * fits["epoch"]
    fits["beta"] = np.where(fits["layer"] == 1, np.inf, 40.0 / fits["layer"] + fits["init"])
    save_runs(with_status(fits), folder / "bottleneck_fit")

    saturation = grid(*keys, layer)
    saturation["share_saturated"] = 0.2 * saturation["layer"] * saturation["epoch"] / 1000
    save_runs(with_status(saturation), folder / "saturation")

    histograms = grid(*keys, layer, ("relative_value", (-0.75, -0.25, 0.25, 0.75)))
    histograms["share"] = np.where(histograms["relative_value"] > 0, 0.5, 0.0)
    save_runs(with_status(histograms), folder / "activation_histograms")

    entropy = grid(*keys, layer, ("jitter_variance", (1e-6, 1e-12)))
    entropy["entropy_bits"] = np.log10(entropy["jitter_variance"]) - entropy["layer"]
    entropy["share_duplicated"] = 0.2 * entropy["layer"] * entropy["epoch"] / 1000
    save_runs(with_status(entropy), folder / "differential_entropy")

    alike = grid(*keys, layer)
    alike["correlation"] = 0.02 * alike["layer"] + 0.001 * alike["init"]
    grown = np.where(alike["epoch"] == EPOCHS[-1], 0.3, 0.0)
    alike["matched_correlation"] = 0.3 + grown + 0.01 * alike["init"]
    save_runs(with_status(alike), folder / "weight_correlation")

    metrics = grid(*keys)
    for name, value in (("train_loss", 0.3), ("test_loss", 0.4), ("train_accuracy", 0.8)):
        metrics[name] = value + draws.uniform(0, 0.1, len(metrics))
    metrics["test_accuracy"] = metrics["train_accuracy"] - 0.05
    save_runs(with_status(metrics), folder / "metrics")


def save_models(folder):
    """Save small models with exact information; they take no longer than made-up ones."""
    scale = {"smallest_weight": 0.1, "largest_weight": 100.0, "weights_per_decade": 10}
    activations = ["tanh", "relu", "linear"]
    minimal = make_model("minimal", activations=activations, bins=30, **scale)
    save_table(folder / "minimal.parquet", minimal.solve())
    betas = {"smallest_beta": 1.0, "largest_beta": 50.0, "betas": 12}
    limits = {"tolerance_bits": 1e-4, "most_rounds": 50, "bifurcation_precision": 0.1}
    inputs = Inputs(np.full(4, 0.25), np.array([-3.0, -1.0, 1.0, 3.0]))
    curve = make_model("bottleneck", **betas, **limits).curve(inputs)
    curve["converged"][3] = False
    save_table(folder / "szt_stochastic_curve.parquet", curve)
    for name in FIGURES_OF_LINEAR_NETWORKS:
        linear = {"inputs": 6, "relevant": 3 if "irrelevant" in name else 6, "hidden": [4, 4]}
        learning = {"samples": 8, "teacher_noise": 1.0, "initial_scale": 0.3}
        descent = {"learning_rate": 0.05, "batch_size": "full", "epochs": 40, "snapshots": 8}
        rest = {"noise_variance": 1.0, "initialisations": INITS, "seed": 0}
        table = make_model("linear_network", **linear, **learning, **descent, **rest).solve()
        save_table(folder / f"{name}.parquet", table)
    save_variational(folder)
    save_curves(folder)
    save_critical(folder)
    sizes = {"samples": 20, "batch_size": 5, "epochs": 40, "snapshots": 8, "initialisations": INITS}
    rest = {"teacher_noise": 1.0, "initial_scale": 0.3, "learning_rate": 0.05, "seed": 0}
    chain = make_model("scalar_chain", **sizes, **rest, noise_variance=0.1).solve()
    save_table(folder / "scalar_chain.parquet", chain)


def save_variational(folder):
    """Save made-up networks with noise on their weights; one has other shares of random labels."""
    models = {
        model
        for entry in yaml.safe_load(ENTRIES.read_text(encoding="utf-8"))["figures"].values()
        if entry["drawing"] == "variational"
        for model in entry["models"].values()
    }
    for model in models:
        shares = (0.0, 0.5, 1.0) if model == "variational" else (0.0, 1.0)
        betas = ("beta", (0.1, 1.0, 10.0))
        table = grid(("init", range(INITS)), betas, ("corrupted_share", shares))
        table["samples"], table["classes"], table["status"] = 100, 10, "ok"
        table["train_accuracy"] = 1 / (1 + table["beta"] * (0.1 + table["corrupted_share"]))
        table["test_accuracy"] = 0.9 * table["train_accuracy"]
        table["information_nats"] = 100 * (1 + table["corrupted_share"]) / table["beta"]
        table["bound"] = 0.5 + 1 / table["beta"]
        save(table, folder / f"{model}.parquet")


def save_curves(folder):
    """Save made-up models for the columns that curves show; one network diverged."""
    places = {"beta": (0.1, 1.0, 10.0), "switch": (0, 250, 5000), "start": (0.0, 0.5, 8.0)}
    entries = yaml.safe_load(ENTRIES.read_text(encoding="utf-8"))["figures"].values()
    for entry in entries:
        against = entry.get("against")
        if entry["drawing"] != "model_curves" or against not in places:
            continue
        for model in entry["models"].values():
            table = grid(("init", range(INITS)), (against, places[against]))
            columns = itertools.chain(*map(np.atleast_1d, entry["curves"].values()))
            for number, column in enumerate(dict.fromkeys(columns), start=1):
                table[column] = number / (1 + table[against]) + 0.1 * table["init"]
            table["status"] = np.where(table["init"] == 1, "diverged", "ok")
            save(table, folder / f"{model}.parquet")


def save_critical(folder):
    """Save made-up networks with deficits; those called windows have equally long ones."""
    for model in ("critical", "critical_convolutional", "critical_windows"):
        windows = model == "critical_windows"
        spans = [(0, 10), (5, 15), (20, 30)] if windows else [(0, 5), (0, 20)]
        deficits, rates = ("blur",) if windows else ("blur", "flip"), ("decayed", "rewarmed")
        courses = [(name, *span) for name in ("none", *deficits) for span in spans]
        parts = []
        for deficit, starts, ends in [*courses, ("none", 0, 0)]:
            keys = ("init", range(INITS)), ("rate", rates), ("epoch", (0, 1, 10, ends + 30))
            part = grid(*keys).assign(deficit=deficit, starts=starts, ends=ends)
            cost = 0.01 * ends if deficit == "blur" else 0.0
            part["test_accuracy"] = 0.9 - cost + 0.001 * part["init"]
            part.loc[part["epoch"] < ends + 30, "test_accuracy"] = 0.1
            part["fisher_trace"] = (2.0 + part["init"]) * (1 + part["epoch"] % 10)
            part["status"] = "ok"
            parts.append(part)
        save(pd.concat(parts, ignore_index=True), folder / f"{model}.parquet")


def save_text_tables(folder):
    """Save the tables of ablations, of robustness, of transitions and of the audit."""
    choices = pd.DataFrame(
        {
            "estimator": ["binned_30", "binned_100", "kde_0.1_upper"],
            "method": ["binned", "binned", "kde"],
            "bins": [30, 100, np.nan],
            "noise_variance": [np.nan, np.nan, 0.1],
            "snapshots": [8, 8, 4],
        }
    )
    ablations = grid(
        ("shows", ("SGD for Adam", "batch 64, equal steps")),
        ("estimator", ("binned_30", "binned_30_global")),
        ("layer", range(1, LAYERS + 1)),
    )
    ablations["difference_bits"] = 0.5 * ablations["layer"] - 1.0
    ablations["ci_low"] = ablations["difference_bits"] - 0.4
    ablations["ci_high"] = ablations["difference_bits"] + 0.2
    ablations["inits"] = 20
    # Another estimator starts from one alone.
    edges = ablations[ablations["estimator"] == "binned_30"].head(LAYERS).assign(shows="30 edges")
    pd.concat([ablations, edges]).to_csv(folder / "ablations.tsv", sep="\t", index=False)
    robustness = grid(
        ("run", RUNS),
        ("layer", range(1, LAYERS + 1)),
        ("estimator", choices["estimator"]),
    ).merge(choices)
    robustness["drop"] = np.where(robustness["run"] == "saxe_tanh", 1.0, 0.1) * robustness["layer"]
    robustness["drop"] += robustness["estimator"].str.len() / 10
    robustness["ci_low"], robustness["ci_high"] = robustness["drop"] - 0.2, robustness["drop"] + 0.3
    robustness["rescaling_span_bits"] = np.nan
    robustness["inits"] = np.where(robustness["method"] == "kde", 3, 5)
    missing = (robustness["run"] == "saxe_relu") & (robustness["estimator"] == "binned_30")
    robustness[~missing].to_csv(folder / "robustness.tsv", sep="\t", index=False)

    # Layers 1, 2 and 3 cross in all networks; 4 is dead.
    transitions = grid(("run", RUNS), ("definition", DEFINITIONS), ("layer", range(1, LAYERS + 1)))
    transitions["transition_epoch"] = transitions["layer"].map({1: 100.0, 2: 400.0, 3: 400.0})
    transitions["networks"] = INITS
    transitions["false_finds"] = transitions["layer"].map({1: 0.0, 2: 0.04, 3: 0.0, 4: 0.0})
    transitions["crossing"] = transitions["transition_epoch"].notna().astype(float)
    transitions.to_csv(folder / "transitions.tsv", sep="\t", index=False)

    audit = grid(
        ("family", ("gaussian_channel", "constant_layer")),
        ("dimension", (1, 3)),
        ("samples", (256, 1024)),
        ("estimator", ("binned_30", "ksg1_3")),
        ("quantity", ("input", "label")),
    )
    audit["bias_bits"] = np.where(audit["estimator"] == "ksg1_3", -0.5, 0.004) * audit["dimension"]
    audit["spread_bits"], audit["seconds"], audit["refused"] = 0.01, audit["samples"] / 1e5, ""
    refused = (audit["estimator"] == "ksg1_3") & (audit["family"] == "constant_layer")
    audit.loc[refused, ["bias_bits", "spread_bits", "seconds"]] = np.nan
    audit.loc[refused, "refused"] = "values must have a density"
    untried = (audit["estimator"] == "ksg1_3") & (audit["quantity"] == "label")
    audit[~untried].to_csv(folder / "audit.tsv", sep="\t", index=False)
    save_drops(folder)
    save_verdicts(folder)


def save_drops(folder):
    """Save the audit of drops: one that is there and one that is not, by two estimators."""
    drops = grid(
        ("family", ("saturating", "growing")),
        ("estimator", ("machine_precision", "edge")),
        ("threshold_bits", (0.5, 1.0)),
    )
    there, edge = drops["family"] == "saturating", drops["estimator"] == "edge"
    drops["units"] = np.where(there, "bounded", "unbounded")
    drops["true_drop_bits"] = np.where(there, 2.0, 0.0)
    drops["bias_bits"] = np.where(there & edge, -1.5, 0.0)
    drops["is_there"] = there
    drops["found"] = np.where(there & ~edge, 1.0, 0.0)
    drops.loc[~there & edge & (drops["threshold_bits"] == 0.5), "found"] = 0.5
    drops.to_csv(folder / "audit_drops.tsv", sep="\t", index=False)


UNITS = {"C01": {"bits": "bits", "share": "share"}, "C09": {"": "ratio"}, "C19": {"": "share"}}
"""Of the claims of `save_verdicts`."""


def save_verdicts(folder):
    """Save a table of verdicts: agreement, a quarrel, one that is open, and a comparison."""
    columns = ("claim", "side", "condition", "estimator", "reading", "estimate", "verdict")
    compared, pool = "szt_tanh_full_batch vs szt_tanh", "szt_tanh, saxe_relu"
    rows = [
        ("C01", "szt", "szt_tanh", "binned", "bits", 0.5, "supported"),
        ("C01", "szt", "szt_tanh", "kde", "bits", 2.0, "supported"),
        ("C01", "szt", "szt_tanh", "kde", "share", 99.0, "supported"),
        ("C01", "szt", "szt_tanh", "all", "bits", 99.0, ""),
        ("C01", "szt", "saxe_tanh", "binned", "bits", 7.0, "supported"),
        ("C01", "szt", "saxe_tanh", "kde", "bits", 7.0, "refuted"),
        ("C01", "szt", "saxe_sgd_tanh", "binned", "bits", 3.0, "supported"),
        ("C01", "szt", "saxe_sgd_tanh", "kde", "bits", np.nan, "inconclusive"),
        ("C01", "szt", "saxe_relu", "binned", "share", 99.0, "supported"),
        ("C09", "szt", compared, "binned", "", -0.123, "refuted"),
        ("C19", "saxe", pool, "binned", "", np.inf, "inconclusive"),
    ]
    table = pd.DataFrame(rows, columns=columns).assign(statement="Upper layers compress")
    table = table.assign(corrected_verdict=table["verdict"])
    table.to_csv(folder / "verdicts.tsv", sep="\t", index=False)


def save_claim_details(path):
    """Save what networks contribute to the claim on batch sizes, for each of its readings."""
    others = [run for run in RUNS if run != DIVERGED[0]]
    cycle = list(itertools.islice(itertools.cycle([DIVERGED[0], *others]), 7))
    rows = []
    # Of as many batch sizes as either figure has.
    for runs in (cycle, cycle[:4]):
        falls = 10.0 * np.outer(np.arange(1, INITS + 1), np.arange(1, len(runs) + 1))
        details = {"definition": "szt_second", "conditions": [{"estimate": 1.1}]}
        details["premises"] = [{"verdict": "supported"}, {"verdict": "refuted"}]
        peaks = 2 * falls
        # At the last snapshot: one network of the first run, three of five of the second.
        peaks[-1, 0] = peaks[-3:, 1] = EPOCHS[-1]
        details["values"] = np.hstack([falls, peaks]).tolist()
        row = {"condition": ", ".join(runs), "estimator": "binned", "details": details}
        row |= {"estimate": 0.9, "ci_low": 0.8, "ci_high": 0.95}
        row["null"] = "0.1 [1.8e-09, 0.3456]"
        rows += [row | {"reading": reading} for reading in ("epochs", "steps")]
    # Another claim's, network by network: both stop epochs and accuracies.
    for (place, run), reading in itertools.product(
        enumerate(RUNS), ("published", "of_its_size", "patient")
    ):
        stops = np.full((INITS, 4), [10.0, 0.7, 300.0, 0.9]) + 0.01 * place
        stops[:, 0] *= np.arange(1, INITS + 1)
        for estimator in ("binned", "kde"):
            own = {"definition": None, "values": stops.tolist()}
            own["conditions"] = [{"estimate": 0.1 + place, "low": 0.05, "high": 9.0}]
            row = {"condition": run, "estimator": estimator, "reading": reading, "details": own}
            rows.append(row)
    # A third one's: epochs by depth, where the last network of the deepest never gets there.
    epochs = np.outer(100.0 + np.arange(INITS), 1 / np.arange(1, 7)).tolist()
    epochs[-1][-1] = None
    for estimator in ("binned", "kde"):
        row = {"condition": ", ".join(cycle[:6]), "estimator": estimator, "reading": ""}
        row |= {"estimate": -1.0, "ci_low": -1.25, "ci_high": None}
        rows.append(row | {"details": {"definition": None, "values": epochs}})
    # Over all estimators of a run, with no networks of its own.
    over_all = {
        "condition": RUNS[0],
        "estimator": "all",
        "reading": "",
        "details": {"verdicts": {}},
    }
    rows += [over_all, *rows_of_gap_bounds(), *rows_of_label_stops()]
    path.write_text(json.dumps(rows), encoding="utf-8")


def rows_of_gap_bounds():
    """Return what networks contribute to the claim on a bound: bound and gap, the last negative."""
    gaps = np.linspace(0.3, -0.1, INITS)
    values = {
        "binned": np.column_stack([np.full(INITS, 0.2), gaps]),
        "kde": np.column_stack([np.full(INITS, 1.5), gaps])[:-1],
    }
    return [
        {"condition": run, "estimator": estimator, "reading": "informative"}
        | {"details": {"definition": None, "values": own.tolist()}}
        for run, (estimator, own) in itertools.product(RUNS, values.items())
    ]


def rows_of_label_stops():
    """Return what networks contribute to the claim on stops: four accuracies and epochs."""
    costs = {"output": 0.0, "last_hidden": 0.02}
    rows = []
    for run, estimator, (reading, cost) in itertools.product(
        RUNS, ("binned", "kde"), costs.items()
    ):
        level = 0.8 + 0.001 * np.arange(INITS)
        stops = [(level - cost, 300.0), (level, 400.0), (level - 0.005, 200.0), (level - 0.03, 1e3)]
        columns = [np.broadcast_to(one, INITS) for pair in stops for one in pair]
        row = {"condition": run, "estimator": estimator, "reading": reading, "threshold": -0.01}
        details = {"definition": None, "values": np.column_stack(columns).tolist()}
        rows.append(row | {"details": details})
    return rows
