"""Tasks of public image sets, and the formats that the sets come in."""

import io
import tarfile

import numpy as np
import pytest

from infoplane.tasks import ImageSet, make_task, make_task_rule
from infoplane.tasks.image_formats import read_cifar, read_idx, read_members
from tests.support import image_set

FASHION = image_set("fashion_mnist")
TRAIN = len(FASHION.train_images)


def made(images=FASHION, **parameters):
    return make_task("fashion_mnist", images=images, **parameters)


def test_training_images_come_first_with_pixels_from_0_to_1():
    task = made()
    both = np.concatenate([FASHION.train_images, FASHION.test_images])
    np.testing.assert_array_equal(task.inputs, (both / np.float32(255)).astype(np.float32))
    np.testing.assert_array_equal(task.labels[:TRAIN], FASHION.train_labels)
    np.testing.assert_array_equal(task.labels[TRAIN:], FASHION.test_labels)


@pytest.mark.parametrize("pooling", [1, 2, 7])
def test_pooling_takes_the_mean_of_each_square(pooling):
    inputs = made(pooling=pooling).inputs
    side = 28 // pooling
    assert inputs.shape == (2 * TRAIN, 1, side, side)
    for image, row, column in [(0, 0, 0), (5, side - 1, 0), (TRAIN - 1, 1, side - 1)]:
        rows, columns = (slice(pooling * n, pooling * (n + 1)) for n in (row, column))
        mean = FASHION.train_images[image, 0, rows, columns].mean() / 255
        # One rounding to single precision.
        assert inputs[image, 0, row, column] == pytest.approx(mean, rel=1e-7)


def test_sums_of_squares_of_pixels_are_rounded_down_to_whole_steps():
    # The Skoltech replication sums 2 x 2 pixels and divides by 20.
    inputs = made(pooling=2, grey_step=20).inputs
    pixels = FASHION.train_images[:, 0].astype(int).reshape(TRAIN, 14, 2, 14, 2)
    np.testing.assert_array_equal(inputs[:TRAIN, 0], pixels.sum(axis=(2, 4)) // 20)


def test_each_channel_of_the_training_images_is_standardised():
    images = image_set("cifar10")
    task = make_task("cifar10", images=images, standardised=True)
    train = task.inputs[: len(images.train_images)].astype(np.float64)
    # Sums of 30 x 1024 numbers of single precision.
    np.testing.assert_allclose(train.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=(0, 2, 3)), 1, atol=1e-6)
    plain = make_task("cifar10", images=images).inputs
    scales = plain[: len(train)].std(axis=(0, 2, 3))
    np.testing.assert_allclose(
        np.ptp(task.inputs, axis=(0, 2, 3)) * scales, np.ptp(plain, axis=(0, 2, 3)), rtol=1e-5
    )


def test_a_channel_without_variation_is_only_shifted():
    arrays = [values.copy() for values in vars(image_set("cifar10")).values()]
    train, _, test, _ = arrays
    # A value whose mean over so many rounds away from it in double precision.
    train[:, 1], test[0, 1] = 51, 204
    inputs = make_task("cifar10", images=ImageSet(*arrays), standardised=True).inputs
    assert not inputs[: len(train), 1].any()
    np.testing.assert_allclose(inputs[len(train), 1], 0.6, rtol=1e-6)
    np.testing.assert_allclose(inputs[: len(train), 0].std(), 1, atol=1e-6)


def test_a_subset_is_drawn_by_its_seed_and_keeps_the_order_of_the_set():
    first, again, other = (
        made(training_images=20, test_images=25, seed=seed, pooling=14) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert first.inputs.shape == other.inputs.shape == (45, 1, 2, 2)
    assert not np.array_equal(first.inputs, other.inputs)
    everything = made(pooling=14).inputs.reshape(2 * TRAIN, -1).tolist()
    places = [everything.index(row) for row in first.inputs.reshape(45, -1).tolist()]
    assert places == sorted(places)
    assert places[19] < TRAIN <= places[20]


def test_a_balanced_subset_has_equally_many_of_each_class():
    task = made(training_images=20, test_images=10, balanced=True)
    assert np.bincount(task.labels[:20]).tolist() == 10 * [2]
    assert np.bincount(task.labels[20:]).tolist() == 10 * [1]


def test_a_rule_tells_its_number_of_images_without_any():
    assert make_task_rule("cifar100").patterns == 60_000
    assert make_task_rule("mnist", training_images=500).patterns == 10_500
    assert make_task_rule("random_labels", seed=1, bits=6).patterns == 64


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"pooling": 3}, r"pooling 3 does not divide images of 28 x 28; allowed: 1, 2, 4, 7, 14"),
        ({"grey_step": 0}, "grey_step must be a whole number of at least 1, not 0"),
        ({"training_images": 60_001}, "training_images must be at most the 60000 that there are"),
        ({"test_images": 9}, "test_images must be a whole number of at least 10, not 9"),
        (
            {"test_images": 15, "balanced": True},
            "multiple of the 10 classes to be balanced, not 15",
        ),
        ({"training_images": 31}, "training_images must be at most the 30 that there are, not 31"),
        ({"test_images": 5000}, "test_images must be at most the 30 that there are, not 5000"),
        ({"balanced": "yes"}, "balanced must be one of True, False, not 'yes'"),
        ({"training_images": 40, "balanced": True}, "needs 4 images of each class; class 0 has 3"),
        ({"training_images": 10}, r"training_images 10 has no image of class \d; take more"),
    ],
)
def test_what_cannot_be_drawn_or_pooled_is_refused(parameters, said):
    with pytest.raises(ValueError, match=said):
        made(**parameters)


def test_a_set_that_is_not_what_its_name_says_is_refused():
    train, labels, *test = vars(FASHION).values()
    with pytest.raises(ValueError, match=r"train images of 'cifar10' have the shape \(1, 28, 28\)"):
        make_task("cifar10", images=FASHION)
    wrong = labels.copy()
    wrong[7] = 10
    with pytest.raises(ValueError, match=r"label 10 of image 7 is none of 0 to 9"):
        made(ImageSet(train, wrong, *test))
    below = labels.astype(np.int64)
    below[3] = -1
    with pytest.raises(ValueError, match=r"train images .*: label -1 of image 3 is none of 0 to 9"):
        made(ImageSet(train, below, *test))
    with pytest.raises(ValueError, match="are 30, with labels for 29"):
        made(ImageSet(train, labels[1:], *test))
    with pytest.raises(ValueError, match=r"is made of images: call make_task\('mnist', images"):
        make_task("mnist")
    with pytest.raises(ValueError, match="'digits' is made of no images"):
        make_task("digits", images=FASHION)


def idx(values):
    """Return an idx file of unsigned bytes."""
    head = np.array(values.shape, dtype=">u4").tobytes()
    return bytes([0, 0, 8, values.ndim]) + head + values.astype(np.uint8).tobytes()


def test_idx_files_are_read_as_their_head_says():
    values = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(read_idx(idx(values)), values)
    for data in (b"", b"PK\3\4", idx(values)[:-1], idx(values) + b"\0", idx(values)[:9]):
        with pytest.raises(ValueError, match=r"is no idx file|which its head"):
            read_idx(data)


@pytest.mark.parametrize("label_bytes", [1, 2])
def test_cifar_files_are_labels_and_images(label_bytes):
    records = np.random.default_rng(0).integers(256, size=(3, label_bytes + 3072), dtype=np.uint8)
    images, labels = read_cifar(records.tobytes(), label_bytes)
    np.testing.assert_array_equal(labels, records[:, label_bytes - 1])
    assert images[2, 1, 0, 5] == records[2, label_bytes + 1024 + 5]
    for data in (b"", records.tobytes()[:-1]):
        with pytest.raises(ValueError, match="no whole number of images"):
            read_cifar(data, label_bytes)


def archive(*members, **how):
    """Return a tar archive of members: name and content, or a TarInfo without any."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=how.get("mode", "w:gz")) as opened:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
        for info in how.get("links", ()):
            opened.addfile(info)
    return packed


def test_members_are_read_by_their_names_and_nothing_else_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packed = archive(("../a", b"out"), ("/b", b"root"), ("x/a", b"one"), ("x/b", b"two"))
    packed.seek(0)
    assert read_members(packed, ["x/b", "x/a"]) == [b"two", b"one"]
    assert list(tmp_path.iterdir()) == []
    packed.seek(0)
    with pytest.raises(ValueError, match="lacks a, b"):
        read_members(packed, ["a", "b"])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_links_in_archives_are_not_followed(kind):
    info = tarfile.TarInfo("x/a")
    info.type, info.linkname = kind, "/etc/passwd"
    packed = archive(links=[info])
    packed.seek(0)
    with pytest.raises(ValueError, match="has a x/a that is no plain file"):
        read_members(packed, ["x/a"])


def test_archives_that_break_off_are_refused():
    noise = np.random.default_rng(0).bytes(5000)
    whole = archive(("x/a", noise)).getvalue()
    for data in (whole[: len(whole) // 2], b"no archive"):
        with pytest.raises(ValueError, match="no whole tar archive"):
            read_members(io.BytesIO(data), ["x/a"])
