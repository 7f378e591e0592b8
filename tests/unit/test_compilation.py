"""Kernels are compiled once, again after an edit of what they import, and without a cache too."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import infoplane
from infoplane.compiled.compilation import source_digest

# A package of two kernels: `twice` stands in one file, what it calls and a constant in others.
FILES = {
    "__init__": "",
    "constants": "FACTOR = 2.0\n",
    "helpers": (
        "from infoplane.compiled.compilation import compiled\n"
        "from kernels.constants import FACTOR\n\n\n"
        "@compiled()\n"
        "def multiplied(x):\n"
        '    """Multiply."""\n'
        "    return FACTOR * x\n"
    ),
    "unrelated": "NUMBER = 1\n",
    "main": (
        "from infoplane.compiled.compilation import compiled\n"
        "from kernels.helpers import multiplied\n\n\n"
        "@compiled()\n"
        "def twice(x, offset=1.0):\n"
        '    """Multiply and add."""\n'
        "    return multiplied(x) + offset\n"
    ),
}
PROGRAM = (
    "from kernels.main import twice\n"
    "import kernels.unrelated\n"
    "print(twice(3.0), sum(twice.stats.cache_hits.values()), "
    "sum(twice.stats.cache_misses.values()))\n"
)


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def run(package: Path, program: str = PROGRAM, **environment: str) -> list[str]:
    """Return what a new process prints."""
    sources = os.pathsep.join([str(package.parent), str(Path(infoplane.__file__).parents[1])])
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(package.parent / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": sources,
        **environment,
    }
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


def edit(package: Path, name: str, old: str, new: str) -> None:
    path = package / f"{name}.py"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_machine_code_lasts_until_a_file_changes_that_it_is_made_from(package):
    assert run(package) == ["7.0", "0", "1"]
    assert run(package) == ["7.0", "1", "0"]
    edit(package, "constants", "2.0", "5.0")
    assert run(package) == ["16.0", "0", "1"]
    edit(package, "helpers", "FACTOR * x", "FACTOR - x")
    assert run(package) == ["3.0", "0", "1"]
    edit(package, "unrelated", "1", "2")
    assert run(package) == ["3.0", "1", "0"]


def test_without_a_folder_to_write_to_kernels_are_compiled_in_every_process(package):
    # A file stands where numba would make a folder, which stops even an administrator.
    (package / "__pycache__").touch()
    nowhere = str(package / "__init__.py")
    folders = {"NUMBA_CACHE_DIR": "", "HOME": nowhere, "XDG_CACHE_HOME": nowhere}
    for _ in range(2):
        assert run(package, **folders) == ["7.0", "0", "1"]


@pytest.fixture
def loaded(package, monkeypatch):
    """Import the package's files here."""
    monkeypatch.syspath_prepend(package.parent)
    for name in ("main", "unrelated"):
        importlib.import_module(f"kernels.{name}")
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "kernels"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "form",
    [
        "from kernels.helpers import multiplied\n",
        "from kernels import helpers\nmultiplied = helpers.multiplied\n",
        "import kernels.helpers\nmultiplied = kernels.helpers.multiplied\n",
    ],
)
def test_digest_covers_all_that_is_imported_from_the_package(loaded, form):
    edit(loaded, "main", "from kernels.helpers import multiplied\n", form)
    names = [f"kernels.{name}" for name in ("constants", "helpers", "main", "unrelated")]
    before = list(map(source_digest, names))
    assert len(set(before)) == 4
    edit(loaded, "constants", "2.0", "2.5")
    after = list(map(source_digest, names))
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed == [True, True, True, False]
    edit(loaded, "constants", "2.5", "2.0")
    assert list(map(source_digest, names)) == before


def test_kernel_keeps_its_name_docstring_and_defaults(loaded):
    twice = sys.modules["kernels.main"].twice
    assert (twice.__name__, twice.__module__) == ("twice", "kernels.main")
    assert twice.__doc__ == "Multiply and add."
    assert (twice(3.0), twice(3.0, 0.5), twice.py_func(3.0)) == (7.0, 6.5, 7.0)


def test_a_process_that_compiles_and_one_that_finds_the_cache_give_the_same_bits(tmp_path):
    program = (
        "import numpy as np\n"
        "from infoplane.estimators import _kde_kernels\n"
        "from infoplane.estimators.kde import kde_bounds\n"
        "generator = np.random.default_rng(0)\n"
        "activations = np.tanh(generator.normal(size=(1500, 10))).astype(np.float32)\n"
        "bounds = kde_bounds(activations, generator.integers(0, 2, 1500), 0.1)\n"
        "print(*(bounds[name].mi_input_bits.hex() for name in ('lower', 'upper')))\n"
        "print(sum(_kde_kernels.pair_sums.stats.cache_hits.values()))\n"
    )
    compiling, loading = (run(tmp_path / "none", program) for _ in range(2))
    assert (compiling[2:], loading[2:]) == (["0"], ["1"])
    assert compiling[:2] == loading[:2]


def test_processes_that_compile_at_once_never_mix_their_kernels(package):
    """Four processes compile eight signatures, each in another order; a fifth loads them all."""
    edit(package, "main", "return multiplied(x) + offset", "return multiplied(len(x)) + offset")
    program = (
        "import sys\n"
        "from kernels.main import twice\n"
        "first = int(sys.argv[1])\n"
        "found = [twice((1.0,) * (1 + (first + k) % 8)) for k in range(8)]\n"
        "assert found == [2.0 * (1 + (first + k) % 8) + 1.0 for k in range(8)], found\n"
        "print(sum(twice.stats.cache_hits.values()))\n"
    )
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(package.parent / "cache"),
        "PYTHONPATH": os.pathsep.join(
            [str(package.parent), str(Path(infoplane.__file__).parents[1])]
        ),
    }

    def start(first: int) -> subprocess.Popen:
        command = [sys.executable, "-c", program, str(first)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    racing = [start(first) for first in (0, 2, 4, 6)]
    for process in racing:
        process.communicate()
        assert process.returncode == 0
    assert start(3).communicate()[0].split() == ["8"]


def test_kernels_never_share_a_file(package):
    """Were files numbered, the first kernel of either process would be number 1."""
    program = "import sys\nfrom kernels.main import twice\ntwice(eval(sys.argv[1]))\n"
    names = []
    for argument in ("1.0", "1"):
        folder = package.parent / f"cache of {argument}"
        code = program.replace("sys.argv[1]", repr(argument))
        run(package, code, NUMBA_CACHE_DIR=str(folder))
        names.append({path.name for path in folder.rglob("*twice*.nbc")})
    assert len(names[0]) == len(names[1]) == 1
    assert not names[0] & names[1]


def test_kernels_start_without_scipy_linalg_and_others_multiply_matrices(package):
    program = (
        f"{PROGRAM}import sys\nimport numba\nimport numpy as np\n"
        "print('scipy.linalg' in sys.modules)\n"
        "print(numba.njit(lambda a, b: a @ b)(np.eye(2), np.eye(2)).trace())\n"
    )
    assert run(package, program)[3:] == ["False", "2.0"]
