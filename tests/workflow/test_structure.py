"""The project's form: one name in five places, layers that import one way, pins that agree."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from rattler import MatchSpec

from pipeline.dependencies import library_files
from tests.workflow.conftest import REPOSITORY

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
    assert f"<results>/benchmarks/{stage}" in body
    tests = "\n".join(path.read_text() for path in (REPOSITORY / "tests/stages").glob("*.py"))
    # Figures are tested together, each under its name without the verb.
    names = rf"\b{stage}\b|\"{stage.removeprefix('plot_')}\""
    assert re.search(names, tests), f"no test of {stage}"


def test_every_rule_has_a_docstring_a_log_and_a_benchmark():
    rules = re.findall(r"^rule (\w+):\n((?:(?:    .*)?\n)+)", RULES, re.MULTILINE)
    assert len(rules) > 15
    for name, body in rules:
        assert body.startswith('    """'), name
        for directive in ("log:", "benchmark:", "conda:", "output:"):
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
        ("src/pipeline", {"snakemake", *STAGES}),
        ("src", {"snakemake"}),
    ],
)
def test_imports_go_one_way(folder, forbidden):
    pattern = "*.py" if folder == "src" else "**/*.py"
    for path in (REPOSITORY / folder).glob(pattern):
        wrong = imports(path) & forbidden
        # A stage may share its pure functions with a test, never with another stage.
        assert not wrong, f"{path.relative_to(REPOSITORY)} imports {wrong}"


@pytest.mark.parametrize(
    "module", ["training/__init__", "estimators/kde", "estimators/sample_propagation"]
)
def test_results_depend_on_every_module_that_theirs_import(module):
    name = f"infoplane.{module.replace('/', '.').removesuffix('.__init__')}"
    code = f"import sys, {name}; print(*(m.__file__ for m in list(sys.modules.values()) "
    code += "if m.__name__.startswith('infoplane')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {
        str(Path(file).relative_to(REPOSITORY))
        for file in said.stdout.split()
        if not file.endswith("__init__.py")
    }
    assert loaded <= set(library_files(module))


def test_training_depends_on_engines_that_it_imports_late():
    files = library_files("training/__init__")
    for name in ("training/channel_engine", "training/noisy", "training/_channel_training"):
        assert f"src/infoplane/{name}.py" in files
    assert not [file for file in files if "estimators" in file]
    with pytest.raises(FileNotFoundError, match="no_such_module"):
        library_files("no_such_module")


def requirements() -> dict[str, str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    split = [re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", line).groups() for line in listed]
    return dict(split) | {"python": project["requires-python"]}


def test_conda_environment_has_the_pins_of_the_project():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    specs = [MatchSpec(line, strict=True) for line in environment["dependencies"]]
    conda = {spec.name.normalized: str(spec.version) for spec in specs}
    pip = requirements()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    needed = [re.match(r"[A-Za-z0-9_-]+", line)[0] for line in project["dependencies"]]
    for name in [*needed, "python", "pytest"]:
        assert conda[CONDA_NAMES.get(name, name)] == pip[name], name


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


def test_nothing_is_pickled():
    for path in (REPOSITORY / "src").rglob("*.py"):
        assert not imports(path) & {"pickle", "joblib", "dill"}, path
        text = path.read_text()
        assert not re.search(r"allow_pickle=True|torch\.(save|load)\(", text), path
