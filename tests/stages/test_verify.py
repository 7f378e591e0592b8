"""The command that verifies finished results: what is wrong is named, with the reason."""

import copy
import json
import logging

import pytest

from pipeline import seals
from pipeline.files import save_table, save_text, writing_hdf5
from pipeline.planning import Study
from pipeline.recipes import intermediate_files, made_from, product_files, recipe
from pipeline.stage import digest_of_code
from tests.workflow.test_configuration import CONFIG
from verify import differences, verify

TRAINING = "training/szt_tanh/000-024.h5"
TABLE = "tables/metrics/szt_tanh/training.parquet"
CODE = "src/train_networks.py"
VERSIONS = {"numpy": "2.0"}


def small(**changes) -> dict:
    """Return the configuration with one run and one measurement of it, some keys changed."""
    config = copy.deepcopy(CONFIG)
    config["runs"] = {"szt_tanh": config["runs"]["szt_tanh"] | changes}
    config["measurements"] = {}
    config["models"] = {}
    return config


STUDY = Study(small())


@pytest.fixture
def results(tmp_path):
    """Return a folder with a training and the tables of one run."""
    outputs = [str(tmp_path / file) for file in (TRAINING, TABLE, "tables/metrics.parquet")]
    declared = made_from(STUDY, str(tmp_path), [], outputs, VERSIONS)
    about = {"versions": VERSIONS, "code": {CODE: digest_of_code(CODE)}}
    seals.declare(declared["inputs"], declared["outputs"], about)
    with writing_hdf5(outputs[0], "training") as file:
        file["parameters"] = [1.0, 2.0]
    for path in outputs[1:]:
        save_table(path, {"run": ["szt_tanh"]})
    seals.declare({}, {}, {})
    return tmp_path


def test_results_that_are_right_give_no_reason(results):
    assert verify(STUDY, results, VERSIONS) == (3, {})


def test_a_damaged_file_is_named(results):
    content = bytearray((results / TRAINING).read_bytes())
    content[3000] ^= 4
    (results / TRAINING).write_bytes(content)
    _, reasons = verify(STUDY, results, VERSIONS)
    assert list(reasons) == [str(results / TRAINING)]
    assert reasons[str(results / TRAINING)].startswith("is truncated or damaged")


def test_other_settings_are_named_with_what_they_are_now(results):
    _, reasons = verify(Study(small(learning_rate=0.1, seed=3)), results, VERSIONS)
    said = reasons[str(results / TRAINING)]
    assert said == "was made under seed 2017 (now 3), optimizer.learning_rate 0.0004 (now 0.1)"
    assert len(reasons) == 3


def test_a_missing_product_is_named_and_a_missing_intermediate_is_not(results):
    (results / TRAINING).unlink()
    (results / TABLE).unlink()
    _, reasons = verify(STUDY, results, VERSIONS)
    assert reasons == {str(results / TABLE): "is missing"}


def test_other_versions_and_other_code_are_named(results, monkeypatch):
    _, reasons = verify(STUDY, results, {"numpy": "2.1"})
    assert reasons[str(results / TABLE)] == "was made by other versions: numpy 2.0 (now 2.1)"
    monkeypatch.setattr("verify.digest_of_code", lambda file: "another")
    _, reasons = verify(STUDY, results, VERSIONS)
    assert reasons[str(results / TABLE)] == f"was made by other code: {CODE} changed since"


def test_differences_are_told_by_key():
    made, now = {"a": {"b": 1, "c": [1, 2]}, "d": 1}, {"a": {"b": 2, "c": [1, 2]}, "e": 0}
    assert list(differences(made, now)) == ["a.b 1 (now 2)", "d 1 (now None)", "e None (now 0)"]


def test_every_file_with_a_seal_has_a_recipe_that_json_holds():
    study = Study(CONFIG)
    files = [*intermediate_files(study), *product_files(study)]
    assert len(files) == len(set(files)) > 300
    for file in files:
        assert json.loads(json.dumps(recipe(study, file))), file
    for file in ("figures/szt_2.svg", "claims.tsv", "training/nobody/000-024.h5", "a.parquet"):
        assert recipe(study, file) is None


def test_an_edited_table_of_text_is_named_and_others_are_not(results, tmp_path):
    tables = [results / "claims.tsv", results / "tables/robustness.tsv", results / "gone.json"]
    log = logging.getLogger("infoplane")
    (results / "logs").mkdir()
    handler = logging.FileHandler(results / "logs/collect_verdicts.log", encoding="utf-8")
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        for path in tables:
            save_text(path, "claim\tverdict\nC01\tsupported\n")
    finally:
        log.removeHandler(handler)
        handler.close()
        log.setLevel(level)
    tables[2].unlink()
    assert verify(STUDY, results, VERSIONS) == (5, {})
    tables[0].write_text("claim\tverdict\nC01\trefuted\n")
    checked, reasons = verify(STUDY, results, VERSIONS)
    assert checked == 5
    assert reasons == {
        str(tables[0]): "is damaged or edited: its bytes are not those that were written"
    }
