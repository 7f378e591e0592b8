"""What parts of a module are layers, and how a part that fails is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infoplane.estimators import make_estimator
from infoplane.plane import information_plane, layer_activations
from infoplane.tasks.icosahedron import binary_patterns

INPUTS = torch.from_numpy(binary_patterns(6)).float()
LABELS = (INPUTS.sum(dim=1) > 3).long()
exact = make_estimator("machine_precision")


def perceptron():
    return torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


class Asserting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.part = torch.nn.Identity()

    def forward(self, inputs):
        assert inputs.shape[1] == 5, "five numbers"
        return inputs


class Asking(Asserting):
    def forward(self, inputs, mask):
        return inputs


@pytest.mark.parametrize(
    ("network", "error", "where"),
    [
        (torch.nn.Sequential(torch.nn.Tanh(), Asserting()), AssertionError, "layer '1', Asserting"),
        (torch.nn.Sequential(Asking()), TypeError, "layer '0', Asking"),
        (Asking(), TypeError, "the module, Asking"),
    ],
)
def test_errors_of_a_forward_pass_of_its_own_name_the_module(network, error, where):
    with pytest.raises(error) as caught:
        information_plane(network, INPUTS, LABELS, exact)
    (note,) = caught.value.__notes__
    assert note == (
        f"Raised in the forward pass of {where}. The module is called with a single tensor, first "
        "with one of shape (2, 6)."
    )


def test_images_of_whole_numbers_are_refused_by_their_type():
    images = torch.randint(256, (4, 1, 8, 8), dtype=torch.uint8)
    said = (
        r"layer '0', Conv2d.*cannot take the torch.uint8 of shape \(2, 1, 8, 8\) that it is given"
        r".*; convert them to floating point, images of 0 to 255 by inputs / 255: "
    )
    for inputs in (images, images.numpy()):
        with pytest.raises(ValueError, match=said):
            information_plane(
                torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3)), inputs, torch.arange(4) % 2, exact
            )
    outside = torch.nn.Sequential(torch.nn.Embedding(1, 3), torch.nn.Flatten())
    with pytest.raises(ValueError, match=r"layer '0', Embedding.* cannot take the shape \(2, 6\)"):
        information_plane(outside, INPUTS.long(), LABELS, exact)


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning")
def test_compiled_modules_are_refused():
    network, in_place = perceptron(), perceptron()
    in_place.compile(backend="eager")
    scripted = torch.jit.trace(network, INPUTS[:2])
    for module, said in (
        (torch.compile(network, backend="eager"), "module must be the original one, whose"),
        (in_place, "module must not be compiled in place.*copy.deepcopy"),
        (scripted, "module must be the original one, not what torch.jit makes of it, which"),
        (torch.nn.Sequential(scripted), "not what torch.jit makes of it as of its part '0'"),
    ):
        with pytest.raises(TypeError, match=said):
            information_plane(module, INPUTS, LABELS, exact)


def parametrised():
    parametrise = torch.nn.utils.parametrizations
    return torch.nn.Sequential(
        parametrise.spectral_norm(torch.nn.Conv2d(1, 48, 3)),
        torch.nn.Flatten(),
        parametrise.weight_norm(torch.nn.Linear(48 * 36, 2)),
    )


def test_a_layer_with_parametrised_weights_is_a_layer():
    network, images = parametrised(), torch.rand(48, 1, 8, 8)
    # As many channels as samples: the weights could pass for a layer.
    activations = layer_activations(network, images)
    assert list(activations) == ["0", "1", "2"]
    network.eval()
    np.testing.assert_array_equal(
        activations["0"], network[0](images).detach().reshape(48, -1).numpy()
    )
    alone = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(6, 2))
    assert list(layer_activations(alone, INPUTS)) == ["ParametrizedLinear"]


@pytest.mark.parametrize("name", ["0.parametrizations.weight.0", "0.parametrizations"])
def test_what_makes_a_parameter_is_no_layer(name):
    with pytest.raises(ValueError, match=f"layer '{name}' makes a parameter of layer '0' and"):
        layer_activations(parametrised(), torch.rand(48, 1, 8, 8), layers=[name])
