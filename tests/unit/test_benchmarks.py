"""Each benchmark runs at a tiny setting and leaves valid JSON; no time is asserted."""

import importlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import (
    bottleneck,
    cores,
    crossing,
    engines,
    estimate,
    fisher,
    gradients,
    images,
    lenet,
    peers,
    train,
    variational,
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    for module, values in {
        train: {"NETWORKS": 2, "SCALING_NETWORKS": (1,), "ROUNDS": 1, "ROUND_SECONDS": 0.0},
        estimate: {
            "PAPER_SAMPLES": 256,
            "SCALING_SAMPLES": (128, 256),
            "ROUNDS": {"binned": 1, "kde": 1, "scaling": 1},
            "TRIALS": 1,
            "TRIAL_SECONDS": 0.0,
        },
        images: {"IMAGES": 256, "ESTIMATED": 300, "ROUNDS": 1, "PEAK_SECONDS": 0.0},
        lenet: {"IMAGES": 256, "ROUNDS": 1},
        crossing: {
            "WIDTHS": ((70, 5, 3), (800, 256, 3)),
            "CONVOLUTIONS": (((1, 8, 8), (2,), 3, (3,)),),
            "IMAGES": 128,
            "ROUNDS": 1,
        },
        gradients: {"EPOCHS": 3, "SNAPSHOTS": 2, "ROUNDS": 2},
        fisher: {
            "RUNS": {"digits_tanh": "fisher_images"},
            "NETWORKS": 1,
            "SNAPSHOTS": 2,
            "ROUNDS": 1,
        },
        cores: {"EPOCHS": 1, "CHUNKS_PER_CORE": 1, "ROUNDS": 1, "core_counts": lambda: [1]},
        peers: {"SAMPLES": 200, "ROUNDS": 1},
        variational: {"EPOCHS": 1, "SAMPLES": (20,), "LOOPED": 1, "ROUNDS": 1},
        bottleneck: {
            "CURVE": bottleneck.CURVE | {"betas": 3, "largest_beta": 4.0},
            "BETAS": (2.0, 4.0),
            "MOST_STEPS": 50,
            "ROUNDS": 1,
        },
    }.items():
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)
    # Kernels are compiled for the other tests anyway; here they would be compiled once more.
    monkeypatch.setattr(train, "compile_seconds", lambda: {"empty_cache": 2.0, "filled_cache": 1.0})


def run(name, folder):
    command.main(["--only", name, "--output-folder", str(folder)])
    assert {path.name for path in folder.iterdir()} >= {f"{name}.json", "benchmarks.svg"}

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    written = json.loads((folder / f"{name}.json").read_text(), parse_constant=refuse)
    assert {"machine", "processor", "cores", "commit", "versions"} <= set(written)
    assert {"numpy", "numba", "torch"} <= set(written["versions"])
    return written


def test_train(tmp_path):
    written = run("train", tmp_path)
    assert set(written["comparison"]["ratio"]) == {"torch_stack", "plain_loop"}
    # One training of few steps: rounding alone parts the contenders.
    assert max(written["comparison"]["parameter_difference"].values()) < 1e-5
    assert sum(written["limit"]["operations"].values()) == pytest.approx(
        written["limit"]["microseconds_at_100_gigaflops"] * 1e5
    )


def test_variational(tmp_path):
    (found,) = run("variational", tmp_path)["sizes"]
    assert (found["samples"], found["networks"]) == (20, 45)
    assert set(found["ratio"]) == {"same_code_loop", "plain_loop"}
    assert min(found["ratio"].values()) > 0


def test_bottleneck(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "embo", None)
    written = run("bottleneck", tmp_path)
    assert set(written["ratio"]) == {"numpy_loop", "numpy_loop_over_patterns"}
    # Neither end of the loop is below what is proved to be the least, within the tolerance.
    assert min(written["loop_excess_bits"]) > -1e-6
    assert 0 < written["curve_converged"] <= written["curve_betas"]


class EmboStandIn:
    """Give the points that ours gives, as embo would: in bits, at its beta."""

    excess_bits = 0.0

    @classmethod
    def beta_iter(cls, alpha, beta, inputs, labels, given, clusters, **limits):
        assert alpha == 1
        assert labels == pytest.approx(given @ inputs)
        high = np.sort(given[1])
        points = bottleneck.Inputs(inputs, np.log(high) - np.log1p(-high))
        annealing = bottleneck.Annealing(points, 1e-6 * np.log(2), 400)
        solution = annealing.solve(beta / np.log(2))
        label_bits = solution.label_nats / np.log(2) - cls.excess_bits
        return [solution.input_nats / np.log(2), label_bits, 0.0, beta]


@pytest.fixture
def embo(monkeypatch):
    monkeypatch.setitem(sys.modules, "embo", SimpleNamespace(InformationBottleneck=EmboStandIn))
    monkeypatch.setattr(bottleneck, "version", lambda name: "0")


def test_bottleneck_beside_embo(tmp_path, embo):
    written = run("bottleneck", tmp_path)
    assert {"embo", "embo_over_patterns"} < set(written["ratio"])
    assert written["embo_excess_bits"] == pytest.approx([0, 0], abs=2e-6)
    assert written["versions"]["embo"] == "0"


def test_embo_that_disagrees_is_refused(tmp_path, monkeypatch, embo):
    monkeypatch.setattr(EmboStandIn, "excess_bits", 0.002)
    with pytest.raises(RuntimeError, match=r"ends elsewhere, .*0\.002"):
        run("bottleneck", tmp_path)


def test_estimate(tmp_path):
    written = run("estimate", tmp_path)
    assert [c["estimator"] for c in written["comparisons"]] == ["binned", "kde"]
    assert len(written["scaling"]) == 4


def test_images(tmp_path):
    written = run("images", tmp_path)
    assert set(written["training"]["ratio"]) == {"torch_stack", "plain_loop"}
    # 128 images, 2 operations a weight and image: forward, gradient, and error but for the first.
    operations = 2 * 128 * (3 * 824_296 - 784 * 1024)
    expected = operations * (60_000 / 128) / written["training"]["peak_gigaflops"] / 1e9
    assert written["training"]["products_seconds"] == pytest.approx(expected)
    assert set(written["estimates"]) == {"kernels", "bins"}


def test_lenet(tmp_path):
    written = run("lenet", tmp_path)
    assert set(written["ratio"]) == {"lone_module", "module_stack", "plain_loop"}
    assert list(written["alone_seconds"]) == [
        *("first convolution", "second convolution", "784 to 120", "120 to 84", "84 to 10")
    ]
    assert written["times_alone"] > 0


def test_crossing(tmp_path):
    networks = run("crossing", tmp_path)["networks"]
    assert [(one["parameters"], one["networks"]) for one in networks] == [
        *2 * [(70 * 5 + 5 + 5 * 3 + 3, 10)],
        *2 * [(800 * 256 + 256 + 256 * 3 + 3, 1)],
        *2 * [(2 * 9 + 2 + 2 * 16 * 3 + 3, 10)],
    ]
    assert {one["chosen"] for one in networks} == {"fused", "torch"}


def test_gradients(tmp_path):
    written = run("gradients", tmp_path)
    assert written["definitions"] == [
        *("szt_first", "szt_second", "szt_latest", "saxe_sample", "saxe_batch")
    ]
    assert written["snapshots"] == 3
    assert written["share_of_training"] > 0


def test_fisher(tmp_path):
    (found,) = run("fisher", tmp_path)["runs"]
    assert (found["run"], found["snapshots"]) == ("digits_tanh", 2)
    assert found["share_of_training"] > 0


def test_cores(tmp_path):
    (row,) = run("cores", tmp_path)["scaling"]
    assert (row["cores"], row["speed"], row["speed_on_free_cores"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("available", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_cores_double_up_to_all(monkeypatch, available, counts):
    fresh = importlib.util.find_spec("benchmarks.cores")
    module = importlib.util.module_from_spec(fresh)
    fresh.loader.exec_module(module)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(available)), raising=False)
    assert module.core_counts() == counts


@pytest.fixture
def stand_ins(monkeypatch):
    """Put our own estimators, in nats where the libraries use them, behind the libraries' names."""
    nats = np.log(2)

    def ennemi_information(y, x, discrete_y=False, preprocess=True, k=3):
        if discrete_y:
            return nats * peers.ross_information_bits(x, y, k)
        return nats * peers.ksg_information_bits(x, y[:, None], k)

    libraries = {
        "ennemi": SimpleNamespace(
            estimate_mi=ennemi_information,
            estimate_entropy=lambda x, multidim, k: (
                nats * peers.kozachenko_leonenko_entropy_bits(x, k)
            ),
        ),
        "infomeasure": SimpleNamespace(
            mutual_information=lambda x, y, approach, base, k: peers.ksg_information_bits(x, y, k),
            entropy=lambda x, approach, base, k: peers.kozachenko_leonenko_entropy_bits(x, k),
        ),
        "npeet_plus": SimpleNamespace(
            mi=lambda x, y, base, k: peers.ksg_information_bits(x, y, k),
            entropy=lambda x, base, k: peers.kozachenko_leonenko_entropy_bits(x, k),
        ),
    }
    for name, library in libraries.items():
        monkeypatch.setitem(sys.modules, name, library)
    monkeypatch.setattr(peers, "version", lambda name: "0")
    return libraries


def test_peers(tmp_path, stand_ins):
    written = run("peers", tmp_path)
    assert [len(c["ratio"]) for c in written["comparisons"]] == [3, 2, 2, 3]


def test_peers_that_disagree_are_refused(tmp_path, stand_ins):
    stand_ins["npeet_plus"].entropy = lambda x, base, k: 0.0
    with pytest.raises(RuntimeError, match="Kozachenko & Leonenko, 10 units disagree, in bits"):
        run("peers", tmp_path)


def test_a_missing_peer_is_named_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ennemi", None)
    with pytest.raises(SystemExit, match=r"ennemi cannot be imported .*install -e '\.\[bench\]'"):
        run("peers", tmp_path)


def test_all_are_run_and_missing_peers_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ennemi", None)
    for module in (bottleneck, train, estimate, fisher, cores, images, lenet, crossing):
        monkeypatch.setattr(module, "measure", lambda: {"scaling": []})
    monkeypatch.setattr("benchmarks.figure.ratios", lambda results: dict.fromkeys(results, 2.0))
    command.main(["--output-folder", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        *("bottleneck.json", "train.json", "estimate.json", "gradients.json", "cores.json"),
        *("variational.json", "images.json", "lenet.json", "crossing.json", "fisher.json"),
        *("benchmarks.svg", "benchmarks.png", "benchmarks_small.png"),
    }


def test_engines_agree_on_planes_and_rows_tell_their_difference(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["engines", "--networks", "2", "--epochs", "2"])
    engines.main()
    _, _, *rows = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [int(row[1]) for row in cells] == [*range(1, 7)] * 3
    for _, _, compiled, torch, difference in cells:
        # Two epochs are too short for rounding to move a pattern to another bin.
        assert float(torch) == pytest.approx(float(compiled.split(" ")[0]), abs=1e-3)
        assert difference == "0 [0, 0]"


def test_difference_of_engines_is_that_of_their_planes():
    bits = np.zeros((2, 3, 1, 2))
    bits[:, :, 0, 0] = [[1, 5, 2], [3, 4, 4]]
    bits[:, -1, 0, 1] = [0.5, 0.7]
    found = {name: values[:, 0].tolist() for name, values in engines.reported(bits).items()}
    assert found == {"drop of I(X;T)": [3, 0], "final I(X;T)": [2, 4], "final I(T;Y)": [0.5, 0.7]}
