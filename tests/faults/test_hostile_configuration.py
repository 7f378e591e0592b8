"""Mutants of the configuration: each is planned whole, or refused with a place and a key."""

import copy
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.recipes import intermediate_files, product_files, recipe
from pipeline.validation import ConfigurationError, check_configuration
from tests.faults.extent import MUTANTS
from tests.workflow.test_configuration import SCHEMA
from tests.workflow.test_determinism import cut_configuration

CONFIG = cut_configuration("szt_noisy_tanh", "lorenzen_8_tanh")
NAMES = st.sampled_from(
    ["", " ", "a/b", "../x", "$(id)", "a b", "a;b", "é", "true", "all", "training", "a\n", "-", "."]
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 3, 99, 10**6, 10**9, 10**12, 2**63, 2**70, -(2**70)]),
    st.sampled_from([0.0, 0.5, 1.0, 1.5, -1.0, 1e-9, 1e-300, 1e300, float("nan"), float("inf")]),
    NAMES,
    st.sampled_from(["szt_tanh", "binned_30", "icosahedron", "full", "global", "dense", "layers"]),
)
VALUES = st.recursive(
    PLAIN,
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(NAMES | st.sampled_from(["runs", "method", "seed"]), below, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """Return the path of every value of a configuration."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, below in items:
        found.append((*path, key))
        if isinstance(below, dict | list):
            found += places(below, (*path, key))
    return found


PLACES = places(CONFIG)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from(["replace", "remove", "rename", "add"]),
        VALUES,
        NAMES,
    ),
    min_size=1,
    max_size=2,
)


def mutate(config, path, change, value, name) -> None:
    """Change one place of a configuration, if an earlier change has left it there."""
    place = config
    try:
        for key in path[:-1]:
            place = place[key]
        place[path[-1]]
    except (KeyError, IndexError, TypeError):
        return
    if change == "remove":
        del place[path[-1]]
    elif change == "replace" or not isinstance(place, dict):
        place[path[-1]] = value
    elif change == "rename":
        place[name] = place.pop(path[-1])
    else:
        place[name] = value


@settings(
    max_examples=MUTANTS,
    deadline=5000,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(CHANGES)
def test_a_mutant_is_planned_whole_or_refused_by_place_and_key(changes):
    config = copy.deepcopy(CONFIG)
    for change in changes:
        mutate(config, *change)
    try:
        study = check_configuration(config, [], SCHEMA)
    except ConfigurationError as refusal:
        first, *mistakes = str(refusal).splitlines()
        assert first == "the configuration is wrong"
        assert mistakes
        for mistake in mistakes:
            assert re.match(r"  the command line: [^:]+: .+", mistake), mistake
        return
    for file in (*intermediate_files(study), *product_files(study)):
        assert recipe(study, file), file
        # No name may lead out of its folder or be more than one word to a shell.
        assert re.fullmatch(r"[\w./-]+", file, re.ASCII), file
        assert ".." not in file.split("/"), file
    for figure in config["figures"]:
        study.tables_of_figure(figure)
    for claim in config["claims"]:
        study.tables_of_claim(claim)
