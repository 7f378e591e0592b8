"""The same numbers, bit for bit, whatever the cores, the chunks and the order."""

import hashlib
import re
from collections import Counter

import pytest
import yaml

from pipeline.files import load_table, reading_hdf5
from pipeline.planning import Study
from tests.workflow.conftest import copy_repository, snakemake
from tests.workflow.test_configuration import CONFIG, FILES, merged

CUT_TABLES = ("metrics", "information", "dependence", "gradients")


def targets(tables) -> tuple[str, ...]:
    """Return the files of some tables of the small study."""
    return tuple(f"results/smoke/tables/{table}.parquet" for table in tables)


CLAIMS = "results/smoke/claims.tsv"
# One run of each family of networks that PyTorch trains; it takes a hundred times as long for a
# step as the compiled engine, so they are short.
TORCH_RUNS = ("szt_noisy_tanh", "lorenzen_8_tanh", "digits_convolutional", "saxe_tanh_unsaturated")
# Saturated or not, which the compiled engine trains by other kernels.
COMPILED_RUNS = ("szt_tanh", "saxe_relu")
# Two conditions that differ in all they can: activation, output, initial weights, optimiser, batch
# size, estimator.
RUNS = ("szt_tanh", "saxe_full_batch_relu")
ESTIMATOR = "binned_100_global"


def digests(results) -> dict[str, str]:
    """Return a digest of every network's parameters, of every column of the tables, of claims."""
    found = {path.name: digest(path.read_bytes()) for path in results.glob("claims.tsv")}
    for path in whole(results / "training"):
        with reading_hdf5(path, "training") as file:
            for init, parameters in zip(file["initialisations"], file["parameters"], strict=True):
                found[f"{path.parent.name} {init}"] = digest(parameters.tobytes())
    for path in (results / "tables").rglob("*.parquet"):
        frame, table = load_table(path).to_pandas(), path.relative_to(results / "tables")
        found |= {f"{table} {name}": digest(column(frame[name])) for name in frame}
    return found


def whole(folder) -> list:
    """Return the files that were finished; a killed job leaves one under a temporary name."""
    return sorted(path for path in folder.rglob("*.h5") if not path.name.startswith("."))


def column(values) -> bytes:
    """Return the bytes of a column's numbers, or of its texts."""
    if values.dtype.kind in "iuf":
        return values.to_numpy().tobytes()
    return "\n".join(values.astype(str)).encode()


def digest(content) -> str:
    return hashlib.sha256(content).hexdigest()


def small_study(folder, targets, cores: int, **changes) -> dict[str, str]:
    """Run parts of the small study with some keys changed; return their digests."""
    clone = copy_repository(folder)
    (clone / "changes.yaml").write_text(yaml.safe_dump(changes))
    files = ("--configfile", "config/smoke.yaml", "changes.yaml")
    said = snakemake(clone, *targets, "--cores", str(cores), *files)
    assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-5000:]
    return digests(clone / "results/smoke")


def differing(first: dict, second: dict) -> list[str]:
    """Name what differs in any bit, or is only on one side."""
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


@pytest.mark.xdist_group("study")
def test_compiled_engine_gives_the_same_bits_for_other_cores_and_chunks(study, tmp_path):
    # Two trainings, and every measurement of one of them; all others are made by the same code.
    small = Study(merged(*FILES, "config/smoke.yaml"))
    measured = {
        (table, measurement): run
        for table in small.tables()
        for run, measurement in small.products(table)
        if run in COMPILED_RUNS
    }
    assert set(measured.values()) == set(COMPILED_RUNS)
    tables = [
        f"results/smoke/tables/{table}/{run}/{measurement}.parquet"
        for (table, measurement), run in measured.items()
    ]
    other = small_study(tmp_path / "other", tables, cores=1, inits_per_chunk=3)
    expected = {name: value for name, value in digests(study).items() if name in other}
    assert differing(expected, other) == []
    assert len({name.split(" ")[0] for name in other if ".parquet" in name}) == len(tables) > 30


def test_torch_engine_gives_the_same_bits_for_other_cores_and_chunks(tmp_path):
    config = cut_configuration(*TORCH_RUNS)
    config["protocols"]["lorenzen"] |= {"epochs": 20}
    config["runs"]["szt_noisy_tanh"] |= {"epochs": 20}
    config["runs"]["saxe_tanh_unsaturated"] |= {"initialisations": 4}
    changes = {key: config[key] for key in ("protocols", "runs", "measurements")}
    changes["compute"] = config["compute"] | {"engine": "torch"}
    # Trainings, and what runs such networks once more; estimates are those of the test above.
    run_again = ("lorenzen_8_tanh/exact", "szt_noisy_tanh/propagated")
    tables = ("metrics", *(f"information/{table}" for table in run_again))
    digested = []
    for name, cores, chunk in (("first", 2, 5), ("other", 1, 3)):
        folder = copy_repository(tmp_path / name)
        digested.append(run(folder, cores, targets(tables), inits_per_chunk=chunk, **changes))
    assert differing(*digested) == []
    assert len(digested[0]) > 60


def cut_configuration(*also: str) -> dict:
    """Return the small configuration with two runs and others, two estimators and two claims."""
    config = merged(*FILES, "config/smoke.yaml")
    config["defaults"] |= {"initialisations": 5, "epochs": 30, "snapshots": 10}
    # Of the runs that the small study leaves out as well.
    every = CONFIG["runs"] | config["runs"]
    config["runs"] = {run: every[run] for run in (*RUNS, *also)}
    # None of the runs of which `all` leaves some out is among them.
    measurements = {
        name: {key: value for key, value in entry.items() if key != "except"}
        for name, entry in config["measurements"].items()
    }
    config["measurements"] = {
        "binned_everywhere": measurements["binned_everywhere"],
        "kde_0.1": measurements["kde_0.1"] | {"initialisations": 4, "snapshots": 3},
        "hsic_400": measurements["hsic_400"] | {"runs": [RUNS[0]]},
        "gradients": measurements["gradients"] | {"runs": list(RUNS)},
    }
    if "lorenzen_8_tanh" in also:
        config["measurements"]["exact"] = measurements["exact"] | {"runs": ["lorenzen_8_tanh"]}
    if "szt_noisy_tanh" in also:
        config["measurements"]["propagated"] = measurements["propagated"]
    # Estimates that no estimator gives by its own name belong to measurements that are cut.
    config["audit"]["audited_as"] = {
        name: kept
        for name, stands_for in config["audit"]["audited_as"].items()
        if (kept := [one for one in stands_for if one in config["estimators"]])
    }
    group = config["claims"]["C01"]["judged_on"][0]
    cases = [group | {"runs": ["szt_tanh"], "estimators": [ESTIMATOR]}]
    crossing = [{"runs": ["szt_tanh"], "definitions": ["saxe_sample"]}]
    judged_on = {"C01": cases, "C06": crossing}  # C06 says what a transition is
    config["claims"] = {
        name: config["claims"][name] | {"judged_on": groups} for name, groups in judged_on.items()
    }
    config["figures"] = {"szt_3": config["figures"]["szt_3"]}
    config["figures"]["szt_3"] |= {"runs": {"tanh": "szt_tanh"}, "estimator": ESTIMATOR}
    for name, comparison in config["comparisons"].items():
        comparison["runs"] = list(RUNS)
        if name != "gradients":
            comparison["estimators"] = [ESTIMATOR]
        if "pairs" in comparison:
            comparison["pairs"] = [{"run": RUNS[1], "reference": RUNS[0]}]
        if name == "ablations":
            comparison["pairs"][0]["shows"] = "the one difference"
    return config


def arguments(folder, cores: int, wanted, **changes) -> list[str]:
    """Write the cut configuration with some keys changed; return what to call Snakemake with."""
    (folder / "cut.yaml").write_text(yaml.safe_dump(cut_configuration() | changes))
    files = ("--configfile", "cut.yaml", "--replace-workflow-config")
    return [*wanted, "--cores", str(cores), *files]


def run(folder, cores: int, wanted, **changes) -> dict[str, str]:
    """Make some files of the cut study in a copy of the repository; return its digests."""
    said = snakemake(folder, *arguments(folder, cores, wanted, **changes))
    assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-5000:]
    assert whole(folder / "results/smoke/activations") == []
    return digests(folder / "results/smoke")


def planned(said) -> dict[str, int]:
    """Return how many jobs of each rule a dry run plans."""
    jobs = re.findall(r"^(?:local)?rule (\w+):$", said.stdout + said.stderr, re.MULTILINE)
    return Counter(jobs)


# What is made from estimates, and all that with the tables and claims.
MADE = ("plot_szt_3", "compare_activations", "compare_optimizers")
EVERYTHING = (*targets(CUT_TABLES), CLAIMS, *MADE)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a copy of the repository with a finished cut study."""
    folder = copy_repository(tmp_path_factory.mktemp("finished"))
    run(folder, 2, EVERYTHING, inits_per_chunk=5)
    return folder


def planned_after_an_edit(finished, estimator: str) -> tuple[Counter, str]:
    """Edit an estimator of a finished cut study; return the planned jobs and what is said."""
    module = finished / f"src/infoplane/estimators/{estimator}.py"
    written = module.read_text()
    module.write_text(written + "\n# A change.\n")
    try:
        wanted = arguments(finished, 2, EVERYTHING, inits_per_chunk=5)
        said = snakemake(finished, *wanted, "--dry-run")
    finally:
        module.write_text(written)
    assert said.returncode == 0, said.stderr[-3000:]
    jobs = planned(said)
    for stage in ("generate_data", "train_networks", "compute_gradient_snr", "measure_networks"):
        assert stage not in jobs
    return jobs, said.stdout + said.stderr


@pytest.mark.xdist_group("edited")
def test_an_edited_estimator_estimates_again_only_what_uses_it(finished):
    jobs, said = planned_after_an_edit(finished, "kde")
    # One measurement of two runs.
    assert jobs["estimate_information"] == jobs["dump_activations"] == jobs["merge_table"] == 2
    assert "measurement=kde_0.1" in said
    assert "measurement=binned_everywhere" not in said
    assert not [rule for rule in jobs if rule.startswith(("plot_", "compare_"))]
    # The audit tries it too, and a verdict's warning comes from there.
    assert jobs["audit_estimators"] == jobs["judge_claims"] == 1


@pytest.mark.xdist_group("edited")
def test_an_edited_estimator_draws_and_judges_what_uses_it(finished):
    jobs, said = planned_after_an_edit(finished, "binned")
    for rule in (*MADE, "judge_claims"):
        assert jobs[rule] == 1, rule
    assert "measurement=kde_0.1" not in said
