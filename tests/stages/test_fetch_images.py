"""The stage that fetches public image sets, from small files in their formats.

Nothing leaves this machine: the address is a server on loopback, the package that of two scripts.
"""

import fcntl
import gzip
import hashlib
import http.server
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from fetch_images import main
from infoplane.tasks import TASKS
from pipeline import images as fetching
from pipeline.downloads import BLOCK_BYTES, ResumingDownloader
from pipeline.files import load_images
from pipeline.images import NoImagesError, fetch_files, read_set
from tests.support import image_set, stand_in
from tests.unit.test_images import archive, idx

NAMES = [
    f"{part}-{kind}-ubyte.gz"
    for part in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def idx_files(images) -> dict[str, bytes]:
    """Return the four files of a set by name."""
    arrays = (
        *(images.train_images[:, 0], images.train_labels),
        *(images.test_images[:, 0], images.test_labels),
    )
    return {name: gzip.compress(idx(one), mtime=0) for name, one in zip(NAMES, arrays, strict=True)}


IMAGES = image_set("fashion_mnist")
FILES = idx_files(IMAGES)


def source(url="http://127.0.0.1:9/", files=FILES, **more):
    """Return a set's entry of the configuration; nobody listens at port 9."""
    digests = {
        name: {"sha256": sha256(content), "unpacked_sha256": sha256(gzip.decompress(content))}
        for name, content in files.items()
    }
    return {"form": "idx", "url": url, "files": digests, **more}


def put(folder, files=FILES):
    """Write files into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def fetch(folder, entry, retries=0):
    return fetch_files("fashion_mnist", entry, folder, retries)


class Server:
    """Give files on loopback, each as `answers` says by its name: whole unless told otherwise.

    `ranges` has the parts that were asked for; with `knows_ranges` false all is sent nevertheless.
    """

    def __init__(self, files):
        self.files, self.answers, self.asked, self.ranges = files, {}, [], []
        self.knows_ranges, self.may_hang_up = True, threading.Event()
        self.may_hang_up.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                outer.asked.append(name)
                content = outer.files.get(name)
                if content is None:
                    self.send_error(404)
                    return
                sent = outer.answers.get(name, [])
                change = sent.pop(0) if sent else (lambda content: content)
                outer.ranges.append(self.headers["Range"])
                asked = outer.knows_ranges and self.headers["Range"]
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
                if asked and start >= len(content):
                    self.send_error(416)
                    return
                content = content[start:]
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(change(content))
                outer.may_hang_up.wait(60)

            def log_message(self, *arguments):
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    made = Server(FILES)
    yield made
    made.close()


def test_what_the_user_has_put_there_is_taken_and_left_as_it_is(tmp_path):
    put(tmp_path / "fashion_mnist")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")}
    entry = source(package="no-such-package", package_folder="/nowhere")
    files = fetch(tmp_path, entry)
    assert list(files) == NAMES
    assert {path: path.stat().st_mtime_ns for path in files.values()} == before


def test_files_that_hold_the_same_packed_otherwise_or_unpacked_are_as_good(tmp_path):
    folder = put(tmp_path / "fashion_mnist")
    unpacked = gzip.decompress(FILES[NAMES[0]])
    (folder / NAMES[0]).unlink()
    (folder / NAMES[0].removesuffix(".gz")).write_bytes(unpacked)
    (folder / NAMES[1]).write_bytes(gzip.compress(gzip.decompress(FILES[NAMES[1]]), mtime=5))
    read = read_set("fashion_mnist", "idx", fetch(tmp_path, source()))
    np.testing.assert_array_equal(read.train_images, IMAGES.train_images)
    np.testing.assert_array_equal(read.train_labels, IMAGES.train_labels)


@pytest.mark.parametrize("content", [b"", b"another file", FILES[NAMES[0]][:-20]])
def test_another_file_of_the_users_is_named_and_never_overwritten(tmp_path, server, content):
    folder = put(tmp_path / "fashion_mnist", {NAMES[0]: content})
    with pytest.raises(NoImagesError, match=rf"{NAMES[0]} is not the published.*{sha256(content)}"):
        fetch(tmp_path, source(server.url))
    assert (folder / NAMES[0]).read_bytes() == content
    assert server.asked == []


def test_an_installed_package_is_read_where_it_is(tmp_path):
    folder = put(tmp_path / "installed")
    files = fetch(tmp_path / "data", source(package="some", package_folder=str(folder)))
    assert [path.parent for path in files.values()] == 4 * [folder]
    assert not (tmp_path / "data").exists()


def programs(folder, monkeypatch, unpack):
    """Put an apt-get and a dpkg first on the path; the latter runs `unpack` in the package."""
    there = '"$3/usr/share/sets"'
    unpacking = f"#!/bin/sh\nmkdir -p {there}\ncd {there}\n{unpack}\n"
    getting = b'#!/bin/sh\n[ "$1" = download ] && touch "$2_1_all.deb"\n'
    put(folder, {"apt-get": getting, "dpkg": unpacking.encode()})
    for program in folder.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


PACKAGED = {"package": "some-images", "package_folder": "/usr/share/sets"}


def test_a_package_is_unpacked_without_being_installed(tmp_path, monkeypatch):
    packed = put(tmp_path / "packed")
    programs(tmp_path / "bin", monkeypatch, f"cp {packed}/* .")
    files = fetch(tmp_path / "data", source(**PACKAGED))
    own = tmp_path / "data/fashion_mnist"
    assert {path.name: path.read_bytes() for path in own.iterdir()} == FILES
    assert [path.parent for path in files.values()] == 4 * [own]


def test_links_and_other_files_of_a_package_are_not_taken(tmp_path, monkeypatch, server):
    packed = put(tmp_path / "packed")
    link = f"cp {packed}/* .; rm {NAMES[0]}; ln -s {packed}/{NAMES[0]} .; echo > {NAMES[1]}"
    programs(tmp_path / "bin", monkeypatch, link)
    files = fetch(tmp_path / "data", source(server.url, **PACKAGED))
    assert server.asked == NAMES[:2]
    assert not any(path.is_symlink() for path in files.values())


def test_a_package_that_cannot_be_had_is_no_end(tmp_path, monkeypatch, server):
    programs(tmp_path / "bin", monkeypatch, "")
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\necho E: no such package >&2\nexit 100\n")
    assert list(fetch(tmp_path / "data", source(server.url, **PACKAGED))) == NAMES
    missing = source(**PACKAGED)
    with pytest.raises(NoImagesError, match=r"apt-get download some-images: failed: E: no such"):
        fetch(tmp_path / "other", missing)


def test_downloads_are_kept_and_not_made_again(tmp_path, server):
    files = fetch(tmp_path, source(server.url))
    assert {path.name: path.read_bytes() for path in files.values()} == FILES
    assert fetch(tmp_path, source(server.url)) == files
    assert server.asked == NAMES
    (tmp_path / "fashion_mnist" / NAMES[2]).unlink()
    fetch(tmp_path, source(server.url))
    assert server.asked == [*NAMES, NAMES[2]]


BROKEN = {
    "truncated": lambda content: content[: len(content) // 2],
    "another file": lambda content: b"x" * len(content),
    "a bit flipped": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "nothing": lambda content: b"",
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_download_leaves_nothing_half_written_by_the_files_name(tmp_path, server, change):
    server.answers[NAMES[1]] = [change]
    with pytest.raises(NoImagesError, match=rf"(?s)Put into .*{NAMES[1]}.*{server.url}") as error:
        fetch(tmp_path, source(server.url))
    assert f"SHA-256 {sha256(FILES[NAMES[1]])}" in str(error.value)
    # What had arrived before stays.
    left = {path.name: path.read_bytes() for path in (tmp_path / "fashion_mnist").glob("[!.]*")}
    assert left == {NAMES[0]: FILES[NAMES[0]]}
    files = fetch(tmp_path, source(server.url))
    assert {path.name: path.read_bytes() for path in files.values()} == FILES
    assert not list((tmp_path / "fashion_mnist").glob(".*"))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


FIRST = FILES[NAMES[0]]
# Half of the file, in whole blocks.
KEPT = len(FIRST) // 2 // BLOCK_BYTES * BLOCK_BYTES


@pytest.mark.usefixtures("impatient")
def test_a_download_that_breaks_is_tried_again_from_where_it_was(tmp_path, server):
    server.answers[NAMES[0]] = [BROKEN["truncated"]]
    files = fetch(tmp_path, source(server.url), retries=1)
    assert files[NAMES[0]].read_bytes() == FIRST
    assert server.asked == [NAMES[0], *NAMES]
    assert server.ranges == [None, f"bytes={KEPT}-", None, None, None]


def test_the_next_run_goes_on_where_a_download_broke_off(tmp_path, server):
    server.answers[NAMES[0]] = [BROKEN["truncated"]]
    with pytest.raises(NoImagesError, match=f"the next run goes on after {KEPT} bytes"):
        fetch(tmp_path, source(server.url))
    assert fetch(tmp_path, source(server.url))[NAMES[0]].read_bytes() == FIRST
    assert server.ranges[:2] == [None, f"bytes={KEPT}-"]


def test_a_server_that_sends_all_again_is_served_as_well(tmp_path, server):
    server.knows_ranges = False
    server.answers[NAMES[0]] = [BROKEN["truncated"]]
    with pytest.raises(NoImagesError):
        fetch(tmp_path, source(server.url))
    assert fetch(tmp_path, source(server.url))[NAMES[0]].read_bytes() == FIRST


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("part", "asked"),
    [(FIRST, 1), (b"of another file", 2), (2 * FIRST, 2)],
    ids=["all of it", "another file", "too long"],
)
def test_a_part_is_completed_or_done_without(tmp_path, server, part, asked):
    # All of it, if a run was killed before the file had its name; else the digest tells.
    put(tmp_path / "fashion_mnist", {f".{NAMES[0]}.part": part})
    files = fetch(tmp_path, source(server.url), retries=1)
    assert files[NAMES[0]].read_bytes() == FIRST
    assert server.asked.count(NAMES[0]) == asked


def test_a_killed_download_leaves_what_had_arrived(tmp_path):
    content = bytes(2 * BLOCK_BYTES) + bytes(range(256))
    server = Server({"x": content})
    server.answers["x"] = [lambda content: content[:-1]]
    server.may_hang_up.clear()
    part, file = tmp_path / "part", tmp_path / "file"
    code = "from pipeline.downloads import Path, ResumingDownloader as R; R(Path(%r))(*%r)"
    url = f"{server.url}x"
    process = subprocess.Popen([sys.executable, "-c", code % (str(part), (url, str(file), None))])
    try:
        end = time.monotonic() + 30
        while not part.exists() or part.stat().st_size < BLOCK_BYTES:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        process.kill()
        process.wait()
        kept = part.stat().st_size
        server.may_hang_up.set()
        assert not file.exists()
        ResumingDownloader(part)(url, file, None)
    finally:
        process.kill()
        server.may_hang_up.set()
        server.close()
    assert file.read_bytes() == content
    assert server.ranges == [None, f"bytes={kept}-"]


def test_two_at_the_same_file_do_not_write_into_one_part(tmp_path, server):
    """The one that waits finds the part moved away, touches it no more and gets all itself."""
    part, others, file = tmp_path / "part", tmp_path / "others", tmp_path / "file"
    with open(part, "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        call = ResumingDownloader(part), server.url + NAMES[0], file, None
        waiting = threading.Thread(target=lambda get, *rest: get(*rest), args=call)
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        assert server.asked == []
        other.write(FIRST)
        part.rename(others)
    waiting.join(10)
    assert others.read_bytes() == file.read_bytes() == FIRST
    assert server.ranges == [None]


def test_without_any_source_it_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "which", lambda program: None)
    with pytest.raises(NoImagesError) as error:
        fetch(tmp_path, source(package="some-images", package_folder="/nowhere"))
    said = str(error.value)
    for part in (
        f"Put into {tmp_path}/fashion_mnist/",
        *(f"{name}  SHA-256 {sha256(FILES[name])}" for name in NAMES),
        "from http://127.0.0.1:9/ and run again",
        f"/nowhere: has no {NAMES[3]}",
        "apt-get download some-images: this system has no apt-get",
        f"http://127.0.0.1:9/{NAMES[0]}: failed",
    ):
        assert part in said


def stage(tmp_path, files, name="fashion_mnist", **entry):
    """Run the stage on files that the user has put there."""
    put(tmp_path / "data" / name, files)
    own = {"form": "idx", "url": "http://127.0.0.1:9/", **entry}
    own["files"] = {file: {"sha256": sha256(content)} for file, content in files.items()}
    path = tmp_path / f"{name}.npz"
    params = {"source": own, "folder": str(tmp_path / "data")}
    main(stand_in(output={"images": path}, params=params, wildcards={"image_set": name}))
    return path


def test_the_set_is_written_as_published(tmp_path):
    written = load_images(stage(tmp_path, FILES))
    for name, values in vars(IMAGES).items():
        np.testing.assert_array_equal(getattr(written, name), values)


@pytest.mark.parametrize(("form", "label_bytes"), [("cifar10", 1), ("cifar100", 2)])
def test_archives_of_cifar_are_read(tmp_path, form, label_bytes):
    images = image_set(form)
    parts = {}
    for part in ("train", "test"):
        labels, pixels = getattr(images, f"{part}_labels"), getattr(images, f"{part}_images")
        # Of two labels the first is the coarse one, which is none of the fine ones here.
        before = [np.full(len(labels), 255, np.uint8)] * (label_bytes - 1)
        columns = [*before, labels]
        parts[part] = np.column_stack([*columns, pixels.reshape(len(labels), -1)])
    if form == "cifar10":
        names = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
        contents = zip(names, np.array_split(parts["train"], 5), strict=True)
        members = [*contents, ("cifar-10-batches-bin/test_batch.bin", parts["test"])]
    else:
        members = [(f"cifar-100-binary/{part}.bin", rows) for part, rows in parts.items()]
    packed = archive(*((name, rows.tobytes()) for name, rows in members)).getvalue()
    written = load_images(stage(tmp_path, {f"{form}.tar.gz": packed}, form, form=form))
    for name, values in vars(images).items():
        np.testing.assert_array_equal(getattr(written, name), values)


def test_sets_that_are_not_what_their_name_says_are_refused(tmp_path):
    labels = IMAGES.test_labels.copy()
    labels[3] = TASKS.member("fashion_mnist").classes
    for images, said in (
        (replace(IMAGES, test_labels=labels), "label 10 of image 3 is none of 0 to 9"),
        (replace(IMAGES, train_images=IMAGES.train_images[:, :, :20]), r"shape \(1, 20, 28\), not"),
    ):
        with pytest.raises(ValueError, match=said):
            stage(tmp_path, idx_files(images))
    no_idx = FILES | {NAMES[0]: gzip.compress(b"something else")}
    with pytest.raises(NoImagesError, match=rf"{NAMES[0]} is no idx file"):
        stage(tmp_path, no_idx)
    with pytest.raises(NoImagesError, match=r"x\.tar\.gz lacks cifar-10-batches-bin/data_batch_1"):
        stage(tmp_path, {"x.tar.gz": archive(("a", b"1")).getvalue()}, "cifar10", form="cifar10")
    assert not list(tmp_path.glob("*.npz"))
