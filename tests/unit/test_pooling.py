"""The compiled pooling of large networks: PyTorch's, bit for bit, and only where it is the same."""

import numpy as np
import pytest
import torch

from infoplane.training.torch.pooling import LargestOfSquares, SquarePooling, compile_pooling


def images(shape, channels_last):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    # Many equal ones, as where an image is blank.
    values = torch.from_numpy(np.maximum(np.round(values, 1), 0))
    if channels_last:
        values = values.contiguous(memory_format=torch.channels_last)
    return values.requires_grad_()


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("shape", [(3, 6, 8, 10), (2, 1, 2, 2), (2, 17, 7, 5)])
def test_values_and_gradients_are_those_of_pytorch(shape, channels_last):
    given = images(shape, channels_last)
    ours, theirs = LargestOfSquares.apply(given), torch.nn.functional.max_pool2d(given, 2)
    assert torch.equal(ours, theirs)
    sent = torch.randn(ours.shape)
    found, expected = (torch.autograd.grad(one, given, sent)[0] for one in (ours, theirs))
    assert torch.equal(found, expected)


def test_nan_is_kept():
    given = images((1, 1, 4, 4), False).detach()
    given[0, 0, 0, 0] = given[0, 0, 3, 3] = torch.nan
    ours = LargestOfSquares.apply(given)
    expected = torch.nn.functional.max_pool2d(given, 2)
    np.testing.assert_array_equal(ours.numpy(), expected.numpy())
    assert ours.isnan().sum() == 2


def test_other_poolings_stay():
    module = torch.nn.Sequential(
        *(torch.nn.MaxPool2d(2), torch.nn.Sequential(torch.nn.MaxPool2d(2)), torch.nn.MaxPool2d(3)),
        *(torch.nn.MaxPool2d(2, padding=1), torch.nn.MaxPool2d(2, stride=1), torch.nn.AvgPool2d(2)),
    )
    compile_pooling(module)
    kinds = [type(part) for part in (module[0], module[1][0], *module[2:])]
    pooling = torch.nn.MaxPool2d
    assert kinds == [SquarePooling, SquarePooling, pooling, pooling, pooling, torch.nn.AvgPool2d]
