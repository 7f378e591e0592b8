"""The formats that public image sets come in: idx files, and CIFAR's binary version. No pickle."""

from __future__ import annotations

import math
import tarfile
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

# LeCun's description of the format: the third byte says unsigned bytes, the fourth the axes.
IDX_BYTES = 8
CIFAR_SHAPE = (3, 32, 32)


def read_idx(data: bytes) -> np.ndarray:
    """Read an idx file of unsigned bytes, as MNIST and Fashion-MNIST have them.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.

    Returns
    -------
    values : array of uint8
        Of the shape that the file's head says.

    Raises
    ------
    ValueError
        If it is no such file, or holds fewer or more bytes than its head says.
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != IDX_BYTES:
        raise ValueError("is no idx file of unsigned bytes: it does not begin with 00 00 08")
    axes = data[3]
    start = 4 + 4 * axes
    if len(data) < start:
        raise ValueError(f"is no idx file: its head ends after {len(data)} bytes")
    shape = tuple(np.frombuffer(data[4:start], dtype=">u4").tolist())
    if len(data) - start != math.prod(shape):
        raise ValueError(f"holds {len(data)} bytes, which its head, for {shape}, does not say")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_cifar(data: bytes, label_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of CIFAR's binary version: images of 32 x 32 in three colours, after labels.

    Parameters
    ----------
    data : bytes
        The whole file.
    label_bytes : int
        Bytes before each image, of which the last is its label: 1 in CIFAR-10, 2 in CIFAR-100,
        whose first is the coarse label.

    Returns
    -------
    images : array of uint8, shape (images, 3, 32, 32)
    labels : array of uint8, shape (images,)

    Raises
    ------
    ValueError
        If it does not hold a whole number of images.
    """
    record = label_bytes + math.prod(CIFAR_SHAPE)
    if not data or len(data) % record:
        raise ValueError(f"holds {len(data)} bytes, no whole number of images of {record} each")
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    return records[:, label_bytes:].reshape(-1, *CIFAR_SHAPE), records[:, label_bytes - 1]


def read_members(archive: BinaryIO, names: Sequence[str]) -> list[bytes]:
    """Read files of a tar archive into memory, by their exact names; nothing is ever extracted.

    Parameters
    ----------
    archive : binary file
        Packed by gzip or not.
    names : sequence of str

    Returns
    -------
    contents : list of bytes
        In the order of the names.

    Raises
    ------
    ValueError
        If it is no such archive, or one of the names is missing in it or no plain file there.
    """
    found = dict.fromkeys(names)
    try:
        with tarfile.open(fileobj=archive) as opened:
            for member in opened:
                if member.name not in found:
                    continue
                if not member.isreg():
                    raise ValueError(f"has a {member.name} that is no plain file")
                found[member.name] = opened.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"is no whole tar archive ({error})") from error
    missing = [name for name, content in found.items() if content is None]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    return list(found.values())
