"""The configuration: what stands in the repository is right, and what is wrong is refused."""

import copy
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from infoplane.audit import standard_subjects
from infoplane.training.schedule import snapshot_epochs
from pipeline.configuration import (
    chunk_initialisations,
    estimates_by_run,
    estimator_runs,
    resolve_run,
)
from pipeline.validation import ConfigurationError, check_configuration
from tests.workflow.conftest import REPOSITORY, snakemake

FILES = [f"config/{name}.yaml" for name in ("config", "estimators", "claims", "figures", "audit")]
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"


def merged(*files: str) -> dict:
    """Merge configuration files as Snakemake does."""
    config = {}
    for file in files:
        update_config(config, yaml.safe_load((REPOSITORY / file).read_text()))
    return config


CONFIG = merged(*FILES)


def check(config: dict, files=FILES) -> None:
    check_configuration(config, [str(REPOSITORY / file) for file in files], SCHEMA)


@pytest.mark.parametrize("files", [FILES, [*FILES, "config/smoke.yaml"]])
def test_configurations_of_the_repository_are_right(files):
    check(merged(*files), files)


def test_full_configuration_is_at_paper_scale():
    for name in CONFIG["runs"]:
        run = resolve_run(CONFIG, name)
        if run.settings.quantisation_bits or run.settings.noise_standard_deviation:
            continue  # beyond both papers
        assert run.initialisations == 50
        assert run.settings.epochs == 10_000
        assert run.settings.widths == (12, 10, 7, 5, 4, 3, 2)
        assert len(snapshot_epochs(run.settings.epochs, run.settings.snapshots)) >= 200


def test_schema_names_the_audited_estimators():
    allowed = yaml.safe_load(SCHEMA.read_text())["$defs"]["audited"]["enum"]
    assert allowed == [name for subject in standard_subjects() for name in subject.all_names]


def test_small_configuration_is_a_small_diff_of_the_same_study():
    small = merged(*FILES, "config/smoke.yaml")
    assert set(small["runs"]) == set(CONFIG["runs"])
    assert small["claims"] == CONFIG["claims"]
    assert small["pathvars"]["results"] == "results/smoke"
    assert len((REPOSITORY / "config/smoke.yaml").read_text().splitlines()) < 60


def changed(path: str, value) -> dict:
    """Return the configuration with one key changed; `...` removes it."""
    config = copy.deepcopy(CONFIG)
    *above, last = path.split("/")
    place = config
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return config


# What is wrong, and the words that the message must hold: the key, the value, what is allowed.
WRONG = {
    "misspelt key": ("defaults/epoch", 100, ["defaults.epoch", "did you mean 'epochs'"]),
    "unknown key": ("runs/szt_tanh/colour", "red", ["runs.szt_tanh.colour", "allowed: activation"]),
    "unknown top-level key": (
        "seeds",
        1,
        ["seeds", "unknown key 'seeds'", "allowed: audit, claims"],
    ),
    "wrong type": ("defaults/epochs", "many", ["defaults.epochs", "'many'", "integer"]),
    "fractional count": ("defaults/epochs", 10.5, ["defaults.epochs", "10.5", "integer"]),
    "no such activation": (
        "runs/saxe_relu/activation",
        "rleu",
        ["runs.saxe_relu.activation", "'rleu'", "did you mean 'relu'", "tanh, relu, linear"],
    ),
    "fraction of 0": ("defaults/training_fraction", 0, ["training_fraction", "value 0", "above 0"]),
    "fraction of 1.2": (
        "runs/szt_tanh_fraction_05/training_fraction",
        1.2,
        ["runs.szt_tanh_fraction_05.training_fraction", "1.2", "at most 1"],
    ),
    "inverted range": (
        "estimators/binned_30/range",
        [1.0, -1.0],
        ["estimators.binned_30", "low", "1.0", "-1.0"],
    ),
    "unknown range": ("estimators/binned_30/range", "epoch", ["range", "'epoch'", "'global'"]),
    "unknown fate of values outside": (
        "estimators/binned_30_end_bins/outside",
        "clip",
        ["estimators.binned_30_end_bins.outside", "'clip'", "refuse, end_bins"],
    ),
    "end bins of a range that holds all": (
        "estimators/binned_30_end_bins/range",
        "global",
        ["estimators.binned_30_end_bins", "end_bins", "two numbers", "'global'"],
    ),
    "several networks of no number": (
        "estimators/multi_network_30/networks",
        ...,
        ["estimators.multi_network_30", "networks is missing"],
    ),
    "several networks with bins of their own": (
        "estimators/multi_network_30/range",
        "global",
        ["estimators.multi_network_30", "one fixed range"],
    ),
    "one group of networks has no spread": (
        "estimators/multi_network_30/networks",
        26,
        ["estimators.multi_network_30.networks", "'szt_tanh'", "50 networks", "26"],
    ),
    "no network is not several": (
        "estimators/multi_network_30/networks",
        0,
        ["estimators.multi_network_30", "networks must be a whole number of at least 1, not 0"],
    ),
    "claim on several networks that nobody measures": (
        "estimators/multi_network_30/runs",
        ["szt_tanh"],
        ["claims.C31", "'saxe_tanh'", "multi_network"],
    ),
    "claim on end bins by other bins": (
        "claims/C12/judged_on/0/estimators",
        ["binned_100_global"],
        ["claims.C12", "'saxe_relu'", "ranges", "binned_30_end_bins"],
    ),
    "no bins": ("estimators/binned_30/bins", 0, ["estimators.binned_30", "bins", "0"]),
    "noise variance of 0": (
        "estimators/kde_0.1/noise_variance",
        0.0,
        ["estimators.kde_0.1", "noise_variance", "0"],
    ),
    "misspelt parameter of an estimator": (
        "estimators/binned_30/n_bin",
        30,
        ["estimators.binned_30", "'n_bin'", "bins"],
    ),
    "varied value that the method refuses": (
        "estimators/tanh_choices/together/binned_fixed/vary",
        {"bins": [8, 0]},
        ["estimators.tanh_choices", "bins", "0"],
    ),
    "two parameters varied": (
        "estimators/tanh_choices/together/binned_fixed/vary",
        {"bins": [8], "bin_width": [0.1]},
        ["estimators.tanh_choices.together.binned_fixed.vary"],
    ),
    "estimator of no method": (
        "estimators/binned_30/method",
        ...,
        ["estimators.binned_30", "needs either a method"],
    ),
    "method beside several estimators": (
        "estimators/tanh_choices/method",
        "binned",
        ["estimators.tanh_choices", "needs either a method"],
    ),
    "parameter beside several estimators": (
        "estimators/tanh_choices/bins",
        30,
        ["estimators.tanh_choices.bins", "allowed: together, runs, initialisations, snapshots"],
    ),
    "no such method among several": (
        "estimators/tanh_choices/together/net_input/method",
        "net_inpt",
        ["estimators.tanh_choices.together.net_input.method", "did you mean 'net_input'"],
    ),
    "running networks beside measuring them": (
        "estimators/tanh_choices/together/net_input/method",
        "sample_propagation",
        ["estimators.tanh_choices.together.net_input.method", "'sample_propagation'"],
    ),
    "dependence beside information": (
        "estimators/tanh_choices/together/net_input/method",
        "hsic",
        ["estimators.tanh_choices.together.net_input.method", "'hsic'", "allowed: adaptive"],
    ),
    "figure of no dependence": (
        "figures/infoplane_dependence/dependence",
        "binned_30_global",
        ["figures.infoplane_dependence.dependence", "'binned_30_global'", "allowed: hsic_400"],
    ),
    "dependence in place of information": (
        "figures/infoplane_dependence/estimator",
        "hsic_400",
        ["figures.infoplane_dependence.estimator", "'hsic_400'", "binned_30_global"],
    ),
    "several networks beside single ones": (
        "estimators/tanh_choices/together/net_input/method",
        "multi_network",
        ["estimators.tanh_choices.together.net_input.method", "'multi_network'"],
    ),
    "claim by several networks on single ones": (
        "claims/C01/judged_on/0/estimators",
        ["multi_network_30"],
        ["claims.C01", "no estimator 'multi_network_30'"],
    ),
    "two estimates of one name": (
        "estimators/binned",
        {"method": "binned", "range": "global", "vary": {"bins": [30]}, "runs": "all"},
        ["estimators.binned", "'binned_30'"],
    ),
    "no such method": (
        "estimators/binned_30/method",
        "bined",
        ["estimators.binned_30.method", "did you mean 'binned'"],
    ),
    "estimator of no run": (
        "estimators/binned_30/runs",
        ["szt_tahn"],
        ["estimators.binned_30.runs", "did you mean 'szt_tanh'"],
    ),
    "no such protocol": (
        "runs/szt_tanh/protocol",
        "stz",
        ["runs.szt_tanh.protocol", "'stz'", "did you mean 'szt'", "allowed: szt, saxe"],
    ),
    "run without protocol": ("runs/szt_tanh/protocol", ..., ["runs.szt_tanh", "lacks protocol"]),
    "no such task": ("defaults/task", "mnist", ["defaults.task", "'mnist'", "szt_hard"]),
    "setting that nobody gives": ("defaults/widths", ..., ["runs.szt_tanh", "widths"]),
    "seed without sharpness": ("tasks/szt_hard/seed", 1, ["tasks.szt_hard", "sharpness"]),
    "batch of words": ("protocols/szt/batch_size", "half", ["batch_size", "'half'", "'full'"]),
    "engine": ("compute/engine", "jax", ["compute.engine", "'jax'", "auto, fused, torch"]),
    "device": ("compute/device", "tpu", ["compute.device", "'tpu'", "auto, cpu, cuda"]),
    "claim of no statistic": (
        "claims/C01/statistic",
        "trajectroy",
        ["claims.C01", "'trajectroy'", "trajectory"],
    ),
    "claim on no run": (
        "claims/C01/judged_on/0/runs",
        ["szt_tahn"],
        ["claims.C01", "'szt_tahn'", "szt_tanh"],
    ),
    "claim by no estimator": (
        "claims/C01/judged_on/0/estimators",
        ["binned_31"],
        ["claims.C01", "'binned_31'", "binned_30"],
    ),
    "claim on the gradients of a quantised run": (
        "runs/szt_tanh/quantisation_bits",
        4,
        ["claims.C06", "'szt_tanh'", "definition"],
    ),
    "claim's direction": ("claims/C01/direction", "over", ["claims.C01.direction", "at_least"]),
    "figure of no run": (
        "figures/szt_2/runs",
        {"tanh": "szt_tahn"},
        ["figures.szt_2.runs.tanh", "did you mean 'szt_tanh'"],
    ),
    "figure by no estimator": (
        "figures/szt_2/estimator",
        "binned_31",
        ["figures.szt_2.estimator", "'binned_31'", "binned_30"],
    ),
    "comparison of no run": (
        "comparisons/activations/runs",
        ["saxe_rleu"],
        ["comparisons.activations.runs", "did you mean 'saxe_relu'"],
    ),
    "odd number of samples": ("audit/sizes", [256, 257], ["audit.sizes", "257"]),
    "limit of nothing": (
        "audit/most_samples",
        {"decoder": 1024},
        ["audit.most_samples", "decoder", "decoder_mlp"],
    ),
    "one draw has no spread": ("audit/repetitions", 1, ["audit.repetitions", "1", "at least 2"]),
    "confidence": ("statistics/confidence", 95, ["statistics.confidence", "95", "below 1"]),
    "results outside": ("pathvars", {"results": "/"}, ["pathvars.results", "'/'"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configurations_are_refused_by_file_key_value_and_what_is_allowed(case):
    path, value, words = WRONG[case]
    with pytest.raises(ConfigurationError) as caught:
        check(changed(path, value))
    message = str(caught.value)
    for word in words:
        assert word in message


def test_message_names_the_file_and_the_line():
    with pytest.raises(ConfigurationError, match=r"config/config\.yaml:\d+: defaults\.epochs"):
        check(changed("defaults/epochs", 0))
    line = next(
        number
        for number, text in enumerate((REPOSITORY / FILES[0]).read_text().splitlines(), start=1)
        if text.startswith("  epochs:")
    )
    with pytest.raises(ConfigurationError, match=rf"config\.yaml:{line}: defaults\.epochs"):
        check(changed("defaults/epochs", 0))


def test_all_mistakes_are_told_at_once():
    config = changed("defaults/epochs", 0)
    config["defaults"]["activation"] = "sin"
    with pytest.raises(ConfigurationError) as caught:
        check(config)
    assert "defaults.epochs" in str(caught.value)
    assert "defaults.activation" in str(caught.value)


def test_snakemake_stops_before_any_job_and_names_the_users_file(clone):
    (clone / "mine.yaml").write_text("runs:\n  szt_tanh:\n    training_fraction: 1.2\n")
    said = snakemake(clone, "--cores", "1", "--configfile", "mine.yaml")
    assert said.returncode != 0
    assert "mine.yaml:3: runs.szt_tanh.training_fraction: value 1.2" in said.stderr + said.stdout
    assert not (clone / "results").exists()


@pytest.mark.parametrize("files", [(), ("--configfile", "config/smoke.yaml")])
def test_report_is_asked_for_with_the_files_of_the_call(clone, files):
    said = snakemake(clone, "report", "--cores", "1", "--dry-run", "--printshellcmds", *files)
    (command,) = [line for line in said.stdout.splitlines() if "--report" in line]
    assert "-m snakemake --nolock " in command
    assert [part for part in command.split() if "configfile" in part] == list(files[:1])
    assert all(f"{file} --report" in command for file in files[1:])


def test_dry_run_of_the_full_configuration_plans_every_stage(clone):
    said = snakemake(clone, "--cores", "8", "--dry-run")
    assert said.returncode == 0, said.stderr
    text = said.stdout + said.stderr
    stages = {path.stem for path in (REPOSITORY / "src").glob("*.py")}
    assert {stage for stage in stages if f"\nrule {stage}:" in text} == stages


@pytest.mark.parametrize(
    "target", ["all", "szt", "saxe", "claims", "report", "plot_szt_4", "results/claims.json"]
)
def test_targets_can_be_asked_for_by_name(clone, target):
    said = snakemake(clone, "--cores", "1", "--dry-run", "--quiet", "all", "--", target)
    assert said.returncode == 0, said.stderr


def test_misspelt_targets_are_refused(clone):
    said = snakemake(clone, "--cores", "1", "--dry-run", "results/training/szt_tahn/000-009.h5")
    assert said.returncode != 0


def test_chunks_cover_every_initialisation_once():
    run = resolve_run({**CONFIG, "inits_per_chunk": 7}, "szt_tanh")
    covered = [init for chunk in run.chunks() for init in chunk_initialisations(chunk)]
    assert covered == list(range(50))
    assert run.chunks(8) == ["000-006", "007-013"]
    assert run.chunks(7) == ["000-006"]


def test_all_runs_are_those_that_are_neither_quantised_nor_noisy():
    config = copy.deepcopy(CONFIG)
    config["runs"] = {
        "plain": {"protocol": "szt"},
        "coarse": {"protocol": "szt", "quantisation_bits": 4},
        "noisy": {"protocol": "szt", "noise_standard_deviation": 0.1},
    }
    config["estimators"] = {
        "everywhere": {"method": "kde", "runs": "all"},
        "exact": {"method": "exact", "runs": ["coarse"]},
    }
    assert estimator_runs(config, "everywhere") == ["plain"]
    assert estimates_by_run(config) == {"plain": ["everywhere"], "coarse": ["exact"], "noisy": []}


def test_every_key_is_explained():
    text = (REPOSITORY / "config/README.md").read_text()
    schema = yaml.safe_load(SCHEMA.read_text())

    def keys(node):
        if isinstance(node, dict):
            for name, below in node.get("properties", {}).items():
                yield name
                yield from keys(below)
            for name, below in node.items():
                if name != "properties":
                    yield from keys(below)
        elif isinstance(node, list):
            for below in node:
                yield from keys(below)

    assert sorted({key for key in keys(schema) if f"`{key}`" not in text}) == []


def test_every_config_file_is_the_users_to_read():
    assert {path.name for path in Path(REPOSITORY / "config").glob("*.yaml")} == {
        *(Path(file).name for file in FILES),
        "smoke.yaml",
    }
