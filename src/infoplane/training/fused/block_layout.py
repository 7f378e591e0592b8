"""Where the rows of a convolutional network's blocks stand, and which of them belong together."""

from __future__ import annotations

import math

import numpy as np

from infoplane.networks.convolutional import Convolutional
from infoplane.training.fused.layout import row_starts

BLOCK = np.dtype(
    [
        (name, np.int64)
        for name in (
            # Of what is read: channels, and positions in each; then channels of what is given.
            *("channels_below", "positions_below", "channels"),
            # Numbers of one kernel, and positions where it stands; squares that are pooled, and
            # positions in each.
            *("kernel", "positions", "squares", "members"),
            # First rows: what is read, with zeros around; the net input, and later the gradient in
            # it, with zeros around; the pooled values; where in its square each of them stood.
            *("read", "net", "value", "winner"),
            # Rows of one channel of the net input.
            "net_rows",
            # First places in the parameters.
            *("weight", "bias"),
            # First places in the tables, of what `convolve` calls offset, column, from_place and
            # to_place; of the same for what is sent back; of each square's positions in the net
            # input; and of what is read where there are no zeros.
            *("offset", "column", "from_place", "to_place"),
            *("sent_offset", "sent_column", "sent_from", "sent_to"),
            *("member", "inside"),
        )
    ]
)


class BlockLayout:
    """Lay out rows, tables and parameters of a convolutional network.

    The dense layers' rows come first, as `row_starts` has them: what they read are the last block's
    pooled values.

    Parameters
    ----------
    network : Convolutional
    columns : int
        Of the table of samples.

    Attributes
    ----------
    widths : tuple of int
        Of the dense layers, from what the last block gives on.
    starts : array of int64
        Of the dense layers' rows; see `row_starts`.
    blocks : array of `BLOCK`
    tables : array of int64
    sample, scratch, rows : int
        First of the rows that receive a batch's samples, and of those that receive what is sent
        back to a block; number of rows in all.
    dense : int
        First place of the dense layers' parameters.
    """

    def __init__(self, network: Convolutional, columns: int):
        shapes = list(
            zip(
                (network.input_shape[0], *network.channels),
                (network.input_shape[1:], *network.sides()),
                strict=True,
            )
        )
        self.widths = (_size(shapes[-1]), *network.dense_widths)
        self.starts, self.rows = row_starts(self.widths, self.widths[0] + 1 + network.classes)
        self._tables, self._table_size = [], 0
        self.sample = self._take_rows(columns)
        self.scratch = self._take_rows(max(_size(shape) for shape in shapes[1:]))
        self.blocks, self.dense = np.zeros(len(network.channels), dtype=BLOCK), 0
        for number, block in enumerate(self.blocks):
            self._lay_out(block, network, shapes[number], shapes[number + 1])
        # The last block's values are where the dense layers read.
        self.blocks[-1]["value"] = 0
        self.tables = np.concatenate(self._tables)

    def _lay_out(self, block: np.void, network: Convolutional, below: tuple, above: tuple) -> None:
        """Fill in a block that turns images of one shape, (channels, sides), into another's."""
        side, pooling = network.kernel_size, network.pooling
        around = (side - 1) // 2 if network.padding == "same" else 0
        (channels_below, sides_below), (channels, squares) = below, above
        sides = tuple(n + 2 * around - side + 1 for n in sides_below)
        block["channels_below"], block["channels"] = channels_below, channels
        block["positions_below"], block["positions"] = math.prod(sides_below), math.prod(sides)
        block["kernel"] = channels_below * side**2
        block["squares"], block["members"] = math.prod(squares), pooling**2

        read = _Padded(channels_below, sides_below, around)
        # With so many zeros around, the gradient is sent back by a convolution too.
        net = _Padded(channels, sides, side - 1 - around)
        block["read"], block["net"] = self._take_rows(read.size), self._take_rows(net.size)
        block["value"], block["winner"] = (self._take_rows(_size(above)) for _ in range(2))
        block["net_rows"] = net.size // channels

        block["weight"] = self.dense
        block["bias"] = block["weight"] + channels * block["kernel"]
        self.dense = block["bias"] + channels

        block["offset"] = self._tabulate(read.corner(side))
        block["column"] = self._tabulate(np.arange(block["kernel"]))
        block["from_place"] = self._tabulate(read.places[0, : sides[0], : sides[1]])
        block["to_place"] = self._tabulate(net.inside[0])
        kernels = np.arange(channels * block["kernel"]).reshape(
            channels, channels_below, side, side
        )
        block["sent_offset"] = self._tabulate(net.corner(side))
        block["sent_column"] = self._tabulate(kernels[:, 0, ::-1, ::-1])
        block["sent_from"] = self._tabulate(net.places[0, : sides_below[0], : sides_below[1]])
        block["sent_to"] = self._tabulate(np.arange(block["positions_below"]))
        high, wide = (n * pooling for n in squares)
        cut = net.inside[0, :high, :wide].reshape(squares[0], pooling, squares[1], pooling)
        block["member"] = self._tabulate(cut.transpose(0, 2, 1, 3))
        block["inside"] = self._tabulate(read.inside)

    def _take_rows(self, count: int) -> int:
        first, self.rows = self.rows, self.rows + count
        return first

    def _tabulate(self, numbers: np.ndarray) -> int:
        first, self._table_size = self._table_size, self._table_size + numbers.size
        self._tables.append(np.ascontiguousarray(numbers, dtype=np.int64).ravel())
        return first


class _Padded:
    """Number the rows of images with zeros around.

    Attributes
    ----------
    size : int
        Number of rows.
    places : array of int, shape (channels, height, width)
        Their numbers, with what is around.
    inside : array of int, shape (channels, height, width)
        Without.
    """

    def __init__(self, channels: int, sides: tuple[int, int], around: int):
        high, wide = (n + 2 * around for n in sides)
        self.size = channels * high * wide
        self.places = np.arange(self.size).reshape(channels, high, wide)
        self.inside = self.places[:, around : high - around, around : wide - around]

    def corner(self, side: int) -> np.ndarray:
        """Return the numbers of the rows under a kernel that stands in the corner."""
        return self.places[:, :side, :side]


def _size(shape: tuple[int, tuple[int, int]]) -> int:
    channels, sides = shape
    return channels * math.prod(sides)
