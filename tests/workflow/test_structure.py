"""The project's form: one name in five places, layers that import one way, pins that agree."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from rattler import MatchSpec

from infoplane.estimators import ESTIMATORS
from pipeline import dependencies
from pipeline.dependencies import code_of
from pipeline.drawings import drawing_names
from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import CONFIG

RULES = "\n".join(path.read_text() for path in (REPOSITORY / "workflow").rglob("*.smk"))
STAGES = sorted(path.stem for path in (REPOSITORY / "src").glob("*.py"))
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "snakemake": "snakemake-minimal",
}


@pytest.mark.parametrize("stage", STAGES)
def test_rule_script_log_benchmark_and_test_share_one_name(stage):
    (body,) = re.findall(rf"^rule {stage}:\n((?:(?:    .*)?\n)+)", RULES, re.MULTILINE)
    assert f'script:\n        "../../src/{stage}.py"' in body
    assert f"<results>/logs/{stage}" in body
    assert f"<results>/benchmarks/{stage}" in body or stage == "verify"
    folders = (REPOSITORY / "tests/stages", REPOSITORY / "tests/page")
    tests = "\n".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    assert re.search(rf"\b{stage}\b", tests), f"no test of {stage}"


@pytest.mark.parametrize("drawing", drawing_names())
def test_every_drawing_is_drawn_and_tested(drawing):
    assert drawing in {entry["drawing"] for entry in CONFIG["figures"].values()}
    files = (REPOSITORY / "tests/stages").glob("test_plot_*.py")
    tests = "\n".join(file.read_text() for file in files)
    assert re.search(rf"\bfigures\.{drawing}\b|\b{drawing}\b", tests)


def test_every_rule_has_a_docstring_a_log_and_a_benchmark():
    rules = re.findall(r"^rule (\w+):\n((?:(?:    .*)?\n)+)", RULES, re.MULTILINE)
    assert len(rules) > 15
    for name, body in rules:
        assert body.startswith('    """'), name
        # What checks results makes none, so that it is always run.
        made = () if name == "verify" else ("output:", "benchmark:")
        for directive in ("log:", "conda:", *made):
            assert f"    {directive}" in body, f"{name} has no {directive}"


def test_logs_and_benchmarks_are_unique():
    for folder in ("logs", "benchmarks"):
        paths = re.findall(rf'"(<results>/{folder}/[^"]+)"', RULES)
        assert len(paths) == len(set(paths)) > 15


def imports(path: Path) -> set[str]:
    """Return the top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (
            "src/infoplane",
            {"snakemake", "pipeline", "pathlib", "os", "h5py", "matplotlib", *STAGES},
        ),
        ("src/pipeline", {"snakemake", "figures", *STAGES}),
        ("src/figures", {"snakemake", *STAGES}),
        ("src/page", {"snakemake", "figures", "pipeline", *STAGES}),
        ("src", {"snakemake", "figures"}),
    ],
)
def test_imports_go_one_way(folder, forbidden):
    pattern = "*.py" if folder == "src" else "**/*.py"
    for path in (REPOSITORY / folder).glob(pattern):
        wrong = imports(path) & forbidden
        # A stage may share its pure functions with a test, never with another stage.
        assert not wrong, f"{path.relative_to(REPOSITORY)} imports {wrong}"


# From the ground up: a wing imports from those before it only.
WINGS = (
    *("families", "checks", "units", "compiled", "intervals", "statistics", "tasks", "models"),
    *("networks", "training", "estimators", "measures", "reading", "parts", "hooks"),
    *("plane", "live", "claims", "audit", "data"),
)


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the library that a file imports, also within its functions."""
    tree = ast.parse(path.read_text())
    files = (next(dependencies._file_of(name)) for name in dependencies._imported_names(tree))
    return {
        Path(file).relative_to("infoplane").with_suffix("").as_posix()
        for file in files
        if file.startswith("infoplane/")
    }


def test_wings_import_downwards_only():
    library = REPOSITORY / "src/infoplane"
    for path in library.rglob("*.py"):
        name = path.relative_to(library).with_suffix("").as_posix()
        wing = name.split("/")[0]
        if wing == "__init__":
            continue
        for other in imported_modules(path):
            below = other.split("/")[0]
            assert WINGS.index(below) <= WINGS.index(wing), f"{name} imports {other}"


def test_no_module_imports_itself_by_a_circle():
    library = REPOSITORY / "src/infoplane"
    graph = {
        path.relative_to(library).with_suffix("").as_posix(): imported_modules(path)
        for path in library.rglob("*.py")
    }
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, f"a circle: {' -> '.join([*open_, name])}"
        if name in done:
            return
        open_.append(name)
        for other in sorted(graph[name]):
            visit(other)
        open_.pop()
        done.add(name)

    for name in graph:
        visit(name)


# Reads pieces of code, a line each, and tells which files every one of them has loaded. Each runs
# in a process of its own, forked where the libraries are loaded already, which takes seconds.
LOADING = """
import json, os, sys
import matplotlib.pyplot, numba, pandas, scipy.stats, seaborn, sklearn, torch
sys.path.insert(0, "src")
for line in sys.stdin:
    if os.fork() == 0:
        exec(json.loads(line), {})
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        print(json.dumps([file for file in loaded if file]), flush=True)
        os._exit(0)
    if os.wait()[1]:
        print("[]", flush=True)
"""


@pytest.fixture(scope="module")
def loading():
    """Return the process that loads code; see `loaded_files`."""
    with subprocess.Popen(
        [sys.executable, "-c", LOADING],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


def loaded_files(loading, code: str) -> set[str]:
    """Return the files of ours that a piece of code has loaded, packages' own files left out."""
    loading.stdin.write(json.dumps(code) + "\n")
    loading.stdin.flush()
    files = [Path(file) for file in json.loads(loading.stdout.readline())]
    assert files, f"{code!r} fails"
    source = REPOSITORY / "src"
    return {
        file.relative_to(REPOSITORY).as_posix()
        for file in files
        if file.is_relative_to(source) and file.name != "__init__.py"
    }


@pytest.mark.parametrize("script", [*STAGES, *(f"figures.{name}" for name in drawing_names())])
def test_the_closure_of_a_script_holds_all_that_it_loads(loading, script):
    file = f"{script.replace('.', '/')}.py"
    loaded = loaded_files(loading, f"import {script}")
    assert loaded - {f"src/{file}"} <= set(code_of(file))


@pytest.mark.parametrize("method", sorted({e["method"] for e in CONFIG["estimators"].values()}))
def test_the_code_of_estimates_holds_what_their_estimators_load(loading, method):
    code = "import estimate_information; from infoplane.estimators import ESTIMATORS; "
    code += f"ESTIMATORS.member({method!r})"
    known = code_of(
        "estimate_information.py", "infoplane.measures.layers", ESTIMATORS.module(method)
    )
    assert loaded_files(loading, code) - {"src/estimate_information.py"} <= set(known)


def test_an_estimate_depends_on_no_other_estimators_module():
    own = code_of("estimate_information.py", "infoplane.measures.layers")
    members = {f"src/infoplane/estimators/{name}.py" for name in ESTIMATORS.names}
    assert not members & set(own)


def scripts_of_rules() -> dict[str, str]:
    """Return the script of every rule, those of the loop over figures included."""
    own = r"^rule (\w+):\n(?:    .*\n|\n)*?    script:\n +\"../../src/(.+)\""
    merging = re.findall(r"^use rule merge_table as (\w+)", RULES, re.MULTILINE)
    return {
        **dict(re.findall(own, RULES, re.MULTILINE)),
        **dict.fromkeys(merging, "merge_table.py"),
        **{
            f"plot_{name}": f"figures/{entry['drawing']}.py"
            for name, entry in CONFIG["figures"].items()
        },
    }


@pytest.mark.xdist_group("plan")
def test_every_job_has_the_code_of_its_script_as_input(everything_planned):
    scripts, seen = scripts_of_rules(), set()
    pattern = r"^(?:local)?rule (\w+):\n    input: (.*)$"
    for rule, inputs in re.findall(pattern, everything_planned, re.MULTILINE):
        if rule in scripts:
            seen.add(rule)
            missing = set(code_of(scripts[rule])) - set(inputs.split(", "))
            assert not missing, f"{rule} does not depend on {sorted(missing)}"
    # What records the configuration has only that to depend on; no run is about fetched images.
    assert seen >= set(scripts) - {"record_configuration", "fetch_images"}


def test_training_depends_on_engines_that_it_imports_late():
    files = code_of("train_networks.py")
    for name in ("fused/channel_engine", "torch/noisy", "fused/channel_loop"):
        assert f"src/infoplane/training/{name}.py" in files
    assert not [file for file in files if "estimators" in file]
    with pytest.raises(FileNotFoundError, match="no_such_module"):
        code_of("train_networks.py", "infoplane.no_such_module")


def requirements() -> dict[str, str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = [*project["dependencies"], *extras["workflow"], *extras["test"], *extras["docs"]]
    split = [re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", line).groups() for line in listed]
    return dict(split) | {"python": project["requires-python"]}


def test_conda_environment_has_the_pins_of_the_project():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *listed, pip_lines = environment["dependencies"]
    assert pip_lines == {"pip": ["-e ."]}
    specs = [MatchSpec(line, strict=True) for line in listed]
    conda = {spec.name.normalized: str(spec.version) for spec in specs}
    pip = requirements()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["workflow"]]
    needed = {re.match(r"[A-Za-z0-9_-]+", line)[0] for line in listed} | {"python", "pytest"}
    for name in needed:
        assert conda[CONDA_NAMES.get(name, name)] == pip[name], name
    assert set(conda) == {CONDA_NAMES.get(name, name) for name in needed} | {"pip"}


def test_constraints_satisfy_the_requirements():
    pinned = dict(
        line.lower().split("==")
        for line in (REPOSITORY / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    for name, wanted in requirements().items():
        if name == "python":
            continue
        spec = MatchSpec(f"{name} {wanted.replace('==0.14.*', '0.14.*')}", strict=False)
        version = tuple(map(int, re.findall(r"\d+", pinned[name])[:2]))
        lowest = re.search(r">=(\d+)\.?(\d*)", wanted)
        if lowest:
            assert version >= tuple(int(part or 0) for part in lowest.groups()), spec
        highest = re.search(r"<(\d+)\.?(\d*)", wanted)
        if highest:
            assert version < tuple(int(part or 0) for part in highest.groups()), spec


def test_code_is_not_looked_for_where_results_may_be_stored():
    given = re.findall(r"\bcode=(?:lambda wildcards: )?(\w+)\(", RULES)
    assert len(given) > 25
    # Each says itself that its files are local.
    named = {"code_of", "code_of_measurement", "code_of_networks", "code_of_the_study"}
    assert set(given) <= {"local", *named}
    assert RULES.count("code=") == len(given)


def test_jobs_say_what_their_files_are_made_from():
    rules = re.split(r"^rule |^    rule:", RULES, flags=re.MULTILINE)[1:]
    of_scripts = {re.match(r"(\w*)", text)[1]: text for text in rules if "\n    script:" in text}
    assert len(of_scripts) > 20
    # These write no sealed file and read no table of one run alone.
    silent = {name for name, text in of_scripts.items() if "made_from=made_from" not in text}
    assert silent == {"record_configuration", "write_crate"}


def test_pages_of_the_repository_are_not_looked_for_where_results_may_be_stored():
    given = re.findall(r'^ {8}\w+=(?!local)\S*"(?:docs|src|workflow|config)/', RULES, re.MULTILINE)
    assert given == []


def test_nothing_is_pickled():
    for path in (REPOSITORY / "src").rglob("*.py"):
        assert not imports(path) & {"pickle", "joblib", "dill"}, path
        text = path.read_text()
        assert not re.search(r"allow_pickle=True|torch\.(save|load)\(", text), path
