"""Entries that null takes away, and what falls with them."""

import copy

import pytest
import yaml

from pipeline.left_out import leave_out
from pipeline.validation import ConfigurationError, check_configuration
from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import CONFIG, FILES, SCHEMA, check


def without(**parts) -> dict:
    """Return the configuration with some names taken away, each part a list of names."""
    config = copy.deepcopy(CONFIG)
    for part, names in parts.items():
        for name in names:
            config[part][name] = None
    return config


def mentions(node: object, name: str) -> bool:
    """Return whether a name stands anywhere as a value."""
    if isinstance(node, dict):
        return any(mentions(value, name) for value in node.values())
    if isinstance(node, list):
        return any(mentions(value, name) for value in node)
    return node == name


def test_a_run_is_gone_from_everything_that_names_it():
    gone = ["szt_noisy_tanh", "szt_committee", "digits_tanh", "digits_relu"]
    config = without(runs=gone)
    study = check(config)
    assert set(CONFIG["runs"]) - set(study.runs) == set(gone)
    for name in gone:
        assert mentions(CONFIG, name)
        assert not mentions(config, name)
    # All that a measurement, a claim and a figure were about.
    assert "propagated" not in config["measurements"]
    assert "C29" not in config["claims"]
    assert "infoplane_digits" not in config["figures"]
    # Others lose it and stay.
    assert config["figures"]["szt_8"]["runs"]
    assert config["claims"]["C19"]["judged_on"][0]["pools"][0]


def test_a_pair_falls_with_either_of_its_runs():
    config = without(runs=["szt_tanh_full_batch"])
    leave_out(config)
    pairs = [pair for group in config["claims"]["C09"]["judged_on"] for pair in group["pairs"]]
    assert {"run": "saxe_full_batch_tanh", "reference": "saxe_sgd_tanh"} in pairs
    assert not mentions(pairs, "szt_tanh_full_batch")


def test_labels_of_a_run_that_is_gone_go_from_all_that_a_figure_says_of_them():
    config = without(runs=["saxe_full_batch_tanh", "saxe_linear"])
    check(config)
    figures = config["figures"]
    assert set(figures["saxe_5"]["estimator"]) == set(figures["saxe_5"]["runs"])
    columns = figures["infoplane_scorecard"]["conditions"]
    assert not mentions(columns, "saxe_full_batch_tanh")
    assert all(columns.values())


def test_a_claim_and_a_figure_are_left_out_alone():
    config = without(claims=["C30"], figures=["szt_8"])
    check(config)
    assert set(CONFIG["claims"]) - set(config["claims"]) == {"C30"}
    assert set(CONFIG["figures"]) - set(config["figures"]) == {"szt_8"}
    assert config["runs"] == CONFIG["runs"]


def test_what_asks_for_an_estimator_that_is_gone_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="no table of several_networks") as refused:
        check(without(measurements=["multi_network_30"]))
    assert "claims.C31" in str(refused.value)


def test_a_misspelt_name_is_refused_with_its_line(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text(yaml.safe_dump({"runs": {"szt_tahn": None}}))
    files = [*(str(REPOSITORY / file) for file in FILES), str(own)]
    with pytest.raises(ConfigurationError, match=r"mine.yaml:2: runs.szt_tahn: .*'szt_tanh'"):
        check_configuration(without(runs=["szt_tahn"]), files, SCHEMA)


def test_nothing_changes_where_nothing_is_null():
    config = copy.deepcopy(CONFIG)
    assert leave_out(config) == []
    assert config == CONFIG


def test_a_run_that_is_gone_is_no_exception_any_more():
    config = without(runs=["szt_depth_2"])
    check(config)
    measured = config["measurements"]["binned_everywhere"]
    assert "szt_depth_1" in measured["except"]
    assert "szt_depth_2" not in measured["except"]
    excepted = CONFIG["measurements"]["binned_everywhere"]["except"]
    config = without(runs=excepted)
    leave_out(config)
    assert "except" not in config["measurements"]["binned_everywhere"]
