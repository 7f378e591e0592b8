"""The colours of layers, for every kind of sight."""

import itertools

import numpy as np
from matplotlib.colors import to_rgb

from figures import style


def test_layers_differ_for_every_kind_of_sight():
    # Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
    deficiencies = {
        "none": np.eye(3),
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "tritanopia": [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    }
    rgb = np.array([to_rgb(colour) for colour in style.LAYER_COLOURS[:6]])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in deficiencies.values():
        colours = lab(np.clip(linear @ np.transpose(matrix), 0, 1))
        for one, other in itertools.combinations(colours, 2):
            # About ten times a just noticeable difference.
            assert np.linalg.norm(one - other) > 20


def lab(linear):
    """Return CIE Lab coordinates, D65, of linear RGB values."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
