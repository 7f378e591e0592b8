"""The configuration: what stands in the repository is right, and what is wrong is refused."""

import copy
import importlib.util
import math

import pytest
import yaml
from snakemake.utils import update_config

from infoplane.audit import standard_subjects
from infoplane.tasks import make_task_rule
from infoplane.training.schedule import snapshot_epochs
from pipeline.configuration import resolve_run
from pipeline.left_out import leave_out
from pipeline.planning import Study
from pipeline.selection import chunk_initialisations, chunk_names
from pipeline.validation import ConfigurationError, check_configuration
from tests.workflow.conftest import REPOSITORY, snakemake
from tests.workflow.wrong_configurations import MOVED, WRONG

CLAIMS = ("claims/szt", "claims/saxe", "claims/others", "claims/weights")
NAMES = (
    "config",
    "image_sets",
    "estimators",
    "measurements",
    "models",
    *CLAIMS,
    "figures",
    "audit",
)
FILES = [f"config/{name}.yaml" for name in NAMES]
CONFIG_FOLDER = REPOSITORY / "config"
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"


def merged(*files: str) -> dict:
    """Merge configuration files as Snakemake does."""
    config = {}
    for file in files:
        update_config(config, yaml.safe_load((REPOSITORY / file).read_text()))
    leave_out(config)
    return config


CONFIG = merged(*FILES)


def check(config: dict, files=FILES) -> Study:
    return check_configuration(config, [str(REPOSITORY / file) for file in files], SCHEMA)


@pytest.mark.parametrize(
    "more",
    [
        *([], ["smoke"], ["images"], ["transformers"], ["weights"]),
        *(["images", "mnist"], ["images", "cifar"]),
        *([name, "smoke", f"smoke/{name}"] for name in ("images", "transformers", "weights")),
    ],
)
def test_configurations_of_the_repository_are_right(more):
    files = [*FILES, *(f"config/{name}.yaml" for name in more)]
    check(merged(*files), files)


def test_full_configuration_is_at_paper_scale():
    for name in CONFIG["runs"]:
        run = resolve_run(CONFIG, name)
        plain = run.network.is_plain and run.optimizer.largest_weight_norm is None
        if not run.protocol.startswith(("szt", "saxe")) or not plain:
            continue  # beyond both papers
        if run.protocol == "saxe_images":
            continue  # at paper scale in config/images.yaml
        if name.endswith("_equal_steps"):
            assert run.schedule.epochs == 130_000
            continue
        # Series of conditions have fewer networks: what they tell is told by the series.
        series = run.protocol == "szt_series" or run.initialisations == 20
        assert run.initialisations == 50 or series
        if series:
            continue
        assert run.schedule.epochs == 10_000
        assert run.network.widths == (12, 10, 7, 5, 4, 3, 2)
        assert len(snapshot_epochs(run.schedule.epochs, run.schedule.snapshots)) >= 200


def test_schema_names_the_audited_estimators():
    allowed = yaml.safe_load(SCHEMA.read_text())["$defs"]["audited"]["enum"]
    assert allowed == [name for subject in standard_subjects() for name in subject.all_names]


def test_small_configuration_is_a_small_diff_with_every_figure_and_claim():
    small = merged(*FILES, "config/smoke.yaml")
    kinds = []
    for config in (small, CONFIG):
        runs = [resolve_run(config, name) for name in config["runs"]]
        kinds.append(
            {
                "networks": {run.network.name for run in runs},
                "optimizers": {run.optimizer.optimizer for run in runs},
                "measures": {one.get("measure") for one in config["measurements"].values()},
                "drawings": {figure["drawing"] for figure in config["figures"].values()},
                "statistics": {claim["statistic"] for claim in config["claims"].values()},
            }
        )
    assert kinds[0] == kinds[1]
    for part in ("claims", "figures"):
        assert set(small[part]) == set(CONFIG[part])
    for part in ("runs", "measurements", "models"):
        assert set(small[part]) < set(CONFIG[part])
    assert small["pathvars"]["results"] == "results/smoke"
    assert len((REPOSITORY / "config/smoke.yaml").read_text().splitlines()) < 150


def training_work(config: dict, kind: str, names: set) -> float:
    """Return how many times networks of runs, or of models, see a pattern in training."""
    work = 0
    for name in names & set(config[kind]):
        if kind == "runs":
            run = resolve_run(config, name)
            patterns = make_task_rule(**config["tasks"][run.task]).patterns
            networks, epochs = run.initialisations, run.schedule.epochs
        else:
            model = config[kind][name]
            patterns, epochs = model["samples"], model["epochs"]
            several = ("betas", "corrupted_shares", "deficits", "spans", "rates")
            networks = model["initialisations"]
            networks *= math.prod(len(model[key]) for key in several if key in model)
        work += networks * epochs * patterns
    return work


@pytest.mark.parametrize("name", ["images", "transformers", "weights"])
def test_additions_have_a_small_version_of_a_hundredth_with_each_kind_of_figure(name):
    full = merged(*FILES, f"config/{name}.yaml")
    small = merged(*FILES, f"config/{name}.yaml", "config/smoke.yaml", f"config/smoke/{name}.yaml")
    added = {part: set(full[part]) - set(CONFIG[part]) for part in ("runs", "models")}
    assert any(added.values())
    for part, names in added.items():
        assert training_work(small, part, names) <= training_work(full, part, names) / 100
    drawings = [
        {one["drawing"] for key, one in config["figures"].items() if key not in CONFIG["figures"]}
        for config in (full, small)
    ]
    # Of single networks' gradients the small study has those of SZT's task.
    assert drawings[0] - drawings[1] <= {"gradient_networks"}
    assert set(full["claims"]) - set(CONFIG["claims"]) <= set(small["claims"])
    assert small["pathvars"]["results"] == "results/smoke"


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


def refusal(path: str, value) -> str:
    """Return the message that a changed configuration is refused with."""
    config = changed(path, value)
    if "evaluation" not in config["measurements"]["binned_30_end_bins"]:
        # One measurement asks for the test set, which every run of the study has.
        config["measurements"]["binned_30_end_bins"]["evaluation"] = "test"
    with pytest.raises(ConfigurationError) as caught:
        check(config)
    return str(caught.value)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configurations_are_refused_by_file_key_value_and_what_is_allowed(case):
    path, value, words = WRONG[case]
    message = refusal(path, value)
    for word in words:
        assert word in message


@pytest.mark.parametrize("case", MOVED)
def test_keys_of_earlier_versions_are_refused_by_what_they_are_now(case):
    path, value, words = MOVED[case]
    message = refusal(path, value)
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


def test_report_is_asked_for_with_the_files_of_the_call(clone):
    files = "--configfile", "config/smoke.yaml"
    said = snakemake(clone, "report", "--cores", "1", "--dry-run", "--printshellcmds", *files)
    command = asking_for_the_report(said.stdout)
    assert [part for part in command.split() if "configfile" in part] == list(files[:1])
    assert f"{files[1]} --report" in command


@pytest.mark.xdist_group("plan")
def test_report_is_asked_for_without_files_where_the_call_has_none(everything_planned):
    assert "configfile" not in asking_for_the_report(everything_planned)


def asking_for_the_report(said: str) -> str:
    """Return the one command of a dry run that makes Snakemake's report."""
    (command,) = [line for line in said.splitlines() if "--report" in line]
    assert "-m snakemake --nolock " in command
    return command


@pytest.mark.xdist_group("plan")
def test_dry_run_of_all_targets_plans_every_stage(everything_planned):
    # The study's own images come with a library.
    stages = {path.stem for path in (REPOSITORY / "src").glob("*.py")} - {"fetch_images"}
    assert {stage for stage in stages if f"\nrule {stage}:" in everything_planned} == stages


def test_misspelt_targets_are_refused(clone):
    said = snakemake(clone, "--cores", "1", "--dry-run", "results/training/szt_tahn/000-009.h5")
    assert said.returncode != 0


def test_chunks_cover_every_initialisation_once():
    chunks = chunk_names(50, 7)
    covered = [init for chunk in chunks for init in chunk_initialisations(chunk)]
    assert covered == list(range(50))
    assert chunk_names(50, 7, 8) == ["000-006", "007-013"]
    assert chunk_names(50, 7, 7) == ["000-006"]
    assert resolve_run({**CONFIG, "inits_per_chunk": 7}, "szt_tanh").chunks() == chunks


def test_all_runs_are_plain_ones_that_the_measure_applies_to():
    config = copy.deepcopy(CONFIG)
    config["runs"] |= {
        "coarse": {"protocol": "szt", "network": "quantised", "quantisation_bits": 4},
        "loud": {"protocol": "szt", "network": "noisy", "noise_standard_deviation": 0.1},
    }
    study = check(config)
    everywhere = study.measurements["binned_everywhere"].runs
    assert "szt_tanh" in everywhere
    assert not {"coarse", "loud", "szt_noisy_tanh", "lorenzen_8_tanh"} & set(everywhere)


def test_a_run_that_replaces_its_network_leaves_the_old_ones_parameters_behind():
    config = copy.deepcopy(CONFIG)
    config["runs"]["plain_lorenzen"] = {"protocol": "lorenzen", "network": "dense"}
    run = resolve_run(config, "plain_lorenzen")
    assert run.network.is_plain
    assert run.network.widths == (12, 10, 7, 5, 4, 3, 2)


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


def test_key_tables_of_the_readme_are_those_of_the_schema():
    spec = importlib.util.spec_from_file_location("keys", REPOSITORY / "docs/keys.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.README.read_text()
    assert module.filled(text) == text
    assert text.count("| `") > 100


def test_every_config_file_is_the_users_to_read():
    there = {path.relative_to(REPOSITORY).as_posix() for path in CONFIG_FOLDER.rglob("*.yaml")}
    additions = ("images", "transformers", "weights")
    others = ("smoke", "mnist", "cifar", *additions, *(f"smoke/{name}" for name in additions))
    assert there == {*FILES, *(f"config/{name}.yaml" for name in others)}


def test_figures_and_claims_of_images_are_of_digits_and_of_the_sets_that_a_file_adds():
    digits = {"saxe_1c", "saxe_9", "saxe_10", "infoplane_digits", "infoplane_convolutional"}
    fashion = {
        *("saxe_1c_fashion", "saxe_9_fashion", "saxe_10_fashion", "skoltech_4_fashion"),
        *("infoplane_fashion", "infoplane_fashion_convolutional"),
        *("infoplane_fashion_convolutional_plane", "infoplane_batch_sizes_fashion"),
        *("infoplane_batch_sizes_fashion_convolutional", "orhan_fashion", "planspace_fashion"),
        *("dropout_fashion", "neural_collapse_fashion", "compressed_fashion"),
        *("compressed_autoencoder_fashion", "soft_entropy_fashion"),
        *("achille_fisher_fashion", "achille_fisher_fashion_convolutional"),
    }
    assert set(Study(CONFIG).figures_of_images()) >= digits
    study = Study(merged(*FILES, "config/images.yaml"))
    assert set(study.figures_of_images()) - set(Study(CONFIG).figures_of_images()) == fashion
    assert set(Study(CONFIG).claims_of_images()) >= {"C63", "C64", "C65", "C66"}
    assert not {"C01", "C27", "C61", "C24"} & set(study.claims_of_images())
    claims = {*(f"C{number}" for number in range(52, 60)), "C49", "C67", "C69", "C79", "C89"}
    assert set(study.claims_of_images()) - set(Study(CONFIG).claims_of_images()) == claims
    # What measures all runs leaves public image sets to measurements that name them.
    of_sets = {name for name, run in study.runs.items() if study.images_of(run.task)}
    assert len(of_sets) == 20
    for name in ("binned_everywhere", "kde_0.1"):
        assert not of_sets & set(study.measurements[name].runs)
    assert study.images_of("fashion") == ["<results>/images/fashion_mnist.npz"]
    assert study.images_of("digits") == []


@pytest.mark.parametrize(
    ("file", "rule", "title", "shapes"),
    [
        ("mnist", "mnist", "MNIST", {"fashion": (1, 28, 28), "fashion_small": (1, 14, 14)}),
        ("cifar", "cifar10", "CIFAR-10", {"fashion": (3, 32, 32), "fashion_small": (3, 16, 16)}),
    ],
)
def test_another_image_set_takes_the_place_of_fashion_mnist(file, rule, title, shapes):
    fashion = merged(*FILES, "config/images.yaml")
    config = merged(*FILES, "config/images.yaml", f"config/{file}.yaml")
    assert config["pathvars"]["results"] == f"results/{file}"
    study = Study(config)
    of_sets = {run.task for run in study.runs.values() if study.images_of(run.task)}
    assert {"fashion", "fashion_small", "fashion_grey"} <= of_sets
    for task in ("fashion", "fashion_small", "fashion_grey"):
        assert study.images_of(task) == [f"<results>/images/{rule}.npz"]
        # Subsets, pooling and seeds stay.
        assert config["tasks"][task] == fashion["tasks"][task] | {"rule": rule}
    for task, shape in shapes.items():
        assert make_task_rule(**config["tasks"][task]).input_shape == shape
    # The share of the training images is that of the set: networks are measured on those of test.
    for run in (study.runs["saxe_fashion_tanh"], study.runs["fashion_tanh"]):
        made = make_task_rule(**config["tasks"][run.task])
        training = made.patterns - (made.test_images or made.published[1])
        assert round(run.schedule.training_fraction * made.patterns) == training
    added = set(study.figures_of_images()) - set(Study(CONFIG).figures_of_images())
    assert added == set(Study(fashion).figures_of_images()) - set(CONFIG["figures"])
    told = [config["figures"][name]["shows"] for name in added]
    claims = set(study.claims_of_images()) - set(Study(CONFIG).claims_of_images())
    told += [config["claims"][name]["statement"] for name in claims]
    assert not [text for text in told if title not in text or "Fashion" in text]


def test_kernels_of_figure_8_and_of_images_are_measured_once():
    study = Study(CONFIG)
    names = ("kde_0.1", "kde_0.1_saxe_8", "image_kernels")
    every, named, images = (set(study.measurements[name].runs) for name in names)
    assert named == {"saxe_tanh", "saxe_relu", "saxe_softsign", "saxe_softplus"}
    assert not every & named
    assert not every & images
    binned = set(study.measurements["binned_everywhere"].runs)
    assert every | named | images == binned | set(study.measurements["image_bins"].runs)


def test_every_wrong_estimator_is_named():
    config = copy.deepcopy(CONFIG)
    for name in ("binned_30", "binned_30_edges"):
        config["estimators"][name]["range"] = [1.0, -1.0]
    with pytest.raises(ConfigurationError) as refusal:
        check(config)
    assert all(
        f"estimators.{name}: " in str(refusal.value) for name in ("binned_30", "binned_30_edges")
    )


@pytest.mark.parametrize("key", ["task", "seed", "initialisations", "network"])
def test_a_run_without_a_setting_says_which(key):
    config = copy.deepcopy(CONFIG)
    del config["defaults"][key]
    with pytest.raises(ConfigurationError, match=rf"runs\.szt_tanh: .* lacks {key}"):
        check(config)
