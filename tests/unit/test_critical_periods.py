"""Deficits and what networks make of them: stacks against plain PyTorch, one network at a time.

Networks are float32: what is computed in two ways agrees to 1e-4 after some forty steps.
"""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from infoplane.models import make_model
from infoplane.models._deficit_stack import DeficitStack, impaired
from infoplane.models.critical_periods import Course
from infoplane.tasks import Task

SETTINGS = {
    "deficits": ["blur", "flip", "permutation", "noise"],
    "spans": [[0, 2], [1, 4]],
    "rates": ["decayed", "constant", "rewarmed"],
    "blur_side": 2,
    "samples": 40,
    "network": "dense",
    "widths": [7, 5],
    "activation": "relu",
    "epochs": 5,
    "batch_size": 12,
    "learning_rate": 0.05,
    "rate_decay": 0.8,
    "momentum": 0.9,
    "weight_decay": 0.01,
    "snapshots": 4,
    "fisher_samples": 10,
    "initialisations": 2,
    "seed": 3,
}
CONVOLUTIONAL = {"network": "convolutional", "widths": [2, 3]}


def model_of(**changes):
    return make_model("critical_periods", **SETTINGS | changes)


def make_task():
    draws = np.random.default_rng(0)
    images = draws.normal(size=(90, 1, 5, 6)).astype(np.float32)
    labels = np.digitize(images[:, 0, 0, 0], [-0.5, 0.5]).astype(np.int64)
    images[:, 0, :2] += labels[:, None, None]
    return Task(images, labels)


TASK = make_task()


@pytest.fixture(scope="module")
def solved():
    return model_of().solve(TASK)


def test_rows_are_those_of_every_course_and_the_same_bits_every_time(solved):
    courses = model_of().courses()
    assert len(courses) == len(set(courses)) == 5 * 2 * 3 + 3
    names = ("init", "deficit", "starts", "ends", "rate")
    rows = pd.DataFrame(solved).groupby(list(names))["epoch"].agg(list)
    for init in range(2):
        for course in courses:
            epochs = rows[(init, *course)]
            assert (epochs[0], epochs[-1]) == (0, course.ends + 5)
            assert epochs == sorted(set(epochs))
    assert len(rows) == 2 * len(courses)
    again = model_of().solve(TASK)
    for name, values in solved.items():
        np.testing.assert_array_equal(values, again[name])
    assert set(solved["status"]) == {"ok"}
    assert (solved["fisher_trace"] > 0).all()


def test_first_networks_do_not_hang_on_how_many_there_are(solved):
    for name, values in model_of(initialisations=1).solve(TASK).items():
        np.testing.assert_array_equal(values, solved[name][: len(values)])


def shaped(stack, place):
    """Return the parameters of one network as PyTorch's own layers have them."""
    found = []
    for layer, weights, biases in zip(
        stack.layers, stack.parameters[::2], stack.parameters[1::2], strict=True
    ):
        own = weights[place].T
        shape = (layer.outputs, -1, 3, 3) if layer.stride else own.shape
        found.append((own.reshape(shape).clone(), biases[place, 0].clone()))
    return found


def plain_net(stack, parameters, images):
    """Return what the output layer receives, by PyTorch's own layers."""
    values = images
    for number, (layer, (weights, biases)) in enumerate(zip(stack.layers, parameters, strict=True)):
        if layer.stride:
            values = functional.conv2d(values, weights, biases, stride=layer.stride, padding=1)
        else:
            values = functional.linear(values.flatten(1), weights, biases)
        if number + 1 < len(stack.layers) and stack._model.activation == "relu":
            values = values.relu()
    return values


def plain_training(model, course, stack):
    """Train one network with PyTorch's own layers and optimiser."""
    parameters = shaped(stack, stack.courses.index(course))
    leaves = [part.requires_grad_() for pair in parameters for part in pair]
    sgd = torch.optim.SGD(leaves, momentum=model.momentum, weight_decay=model.weight_decay)
    chosen = model.generator(0, "split").permutation(len(TASK.labels))[: model.samples]
    clean = torch.tensor(TASK.inputs[chosen]), torch.tensor(TASK.labels[chosen])
    under = impaired(course.deficit, *clean, 3, model.blur_side)
    order = model.generator(0, "order")
    for epoch in range(course.ends + model.epochs):
        images, labels = under if course.starts <= epoch < course.ends else clean
        since = {"decayed": epoch, "constant": 0, "rewarmed": epoch}[course.rate]
        if course.rate == "rewarmed" and epoch >= course.ends:
            since = epoch - course.ends
        sgd.param_groups[0]["lr"] = model.learning_rate * model.rate_decay**since
        for batch in np.split(order.permutation(model.samples), [12, 24, 36]):
            sgd.zero_grad()
            net = plain_net(stack, parameters, images[batch])
            functional.cross_entropy(net, labels[batch]).backward()
            sgd.step()
    return leaves


@pytest.mark.parametrize(
    ("changes", "course"),
    [
        ({}, Course("blur", 0, 2, "decayed")),
        ({}, Course("permutation", 1, 4, "constant")),
        ({"activation": "linear"}, Course("flip", 1, 4, "rewarmed")),
        (CONVOLUTIONAL, Course("blur", 1, 4, "rewarmed")),
        (CONVOLUTIONAL, Course("none", 0, 0, "decayed")),
    ],
)
def test_networks_of_a_stack_are_those_of_plain_pytorch(changes, course):
    model = model_of(**changes)
    stack = DeficitStack(model, TASK, 0)
    expected = plain_training(model, course, DeficitStack(model, TASK, 0))
    stack.train()
    found = shaped(stack, stack.courses.index(course))
    for own, other in zip([part for pair in found for part in pair], expected, strict=True):
        np.testing.assert_allclose(own.numpy(), other.detach().numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("changes", [{}, CONVOLUTIONAL, {"activation": "linear"}])
def test_fisher_traces_are_those_of_a_backward_pass_a_sample_and_a_label(changes):
    stack = DeficitStack(model_of(**changes), TASK, 0)
    images = torch.tensor(TASK.inputs[:4])
    patches = stack.layers[0].patches(images).expand(len(stack.courses), -1, -1, -1)
    found = stack.fisher_traces(stack.parameters, patches)
    parameters = shaped(stack, 0)
    weights = [pair[0].requires_grad_() for pair in parameters]
    total = 0.0
    for image in images:
        logs = torch.log_softmax(plain_net(stack, parameters, image[None])[0], dim=0)
        for log in logs:
            slopes = torch.autograd.grad(log, weights, retain_graph=True)
            total += log.exp().item() * sum((slope**2).sum().item() for slope in slopes) / 4
    assert found == pytest.approx(total, rel=1e-4)


def test_each_deficit_lasts_from_its_first_epoch_to_its_last():
    stack = DeficitStack(model_of(rates=["decayed"]), TASK, 0)
    kinds = ["none", *SETTINGS["deficits"]]
    for epoch in range(6):
        seen = [kinds[place] for place in stack.seen(epoch)]
        for name, course in zip(seen, stack.courses, strict=True):
            assert name == (course.deficit if course.starts <= epoch < course.ends else "none")


def test_rates_decay_stay_or_begin_again():
    model = model_of(deficits=["blur"], spans=[[0, 4]])
    stack = DeficitStack(model, TASK, 0)
    by_rate = {
        course.rate: place for place, course in enumerate(stack.courses) if course.deficit == "blur"
    }
    found = np.array([stack.learning_rates(epoch).numpy() for epoch in range(7)]) / 0.05
    powers = 0.8 ** np.arange(7)
    assert found[:, by_rate["decayed"]] == pytest.approx(powers)
    assert found[:, by_rate["constant"]] == pytest.approx(1.0)
    assert found[:, by_rate["rewarmed"]] == pytest.approx([*powers[:4], *powers[:3]])


def test_blur_leaves_means_upside_down_is_undone_and_no_class_keeps_its_name():
    images, labels = torch.tensor(TASK.inputs), torch.tensor(TASK.labels)
    blurred, same = impaired("blur", images[:, :, :4, :4], labels, 3, 1)
    torch.testing.assert_close(
        blurred, images[:, :, :4, :4].mean(dim=(2, 3), keepdim=True).expand_as(blurred)
    )
    # Bilinear interpolation from 2 pixels a side: their own values in the corners.
    cells, _ = impaired("blur", images[:, :, :4, :4], labels, 3, 2)
    torch.testing.assert_close(cells[:, :, 0, 0], images[:, :, :2, :2].mean(dim=(2, 3)))
    flipped, _ = impaired("flip", images, labels, 3, 2)
    torch.testing.assert_close(flipped[:, :, 0], images[:, :, -1])
    torch.testing.assert_close(impaired("flip", flipped, labels, 3, 2)[0], images)
    seen, other = impaired("permutation", images, labels, 3, 2)
    assert seen is images
    assert same is labels
    assert (other != labels).all()
    assert sorted(set(other.tolist())) == [0, 1, 2]


def test_noise_stands_in_place_of_the_images_and_is_new_at_each_step():
    stack = DeficitStack(model_of(), TASK, 0)
    place = 1 + SETTINGS["deficits"].index("noise")
    clean = stack._images.clone()
    first, second = (stack._with_noise(stack._images.clone(), stack._noise) for _ in range(2))
    assert not torch.equal(first[place], second[place])
    assert torch.equal(first[:place], clean[:place])
    # 1200 numbers: mean and deviation to four standard errors.
    pixels = clean[0]
    error = float(pixels.std()) / math.sqrt(pixels.numel())
    assert float(first[place].mean()) == pytest.approx(float(pixels.mean()), abs=4 * error)
    assert float(first[place].std()) == pytest.approx(float(pixels.std()), abs=4 * error)


def test_inputs_that_are_no_images_may_have_the_other_deficits():
    task = Task(TASK.inputs.reshape(len(TASK.labels), -1), TASK.labels)
    model = model_of(deficits=["permutation", "noise"], initialisations=1)
    found = model.solve(task)
    images = model.solve(TASK)
    np.testing.assert_array_equal(found["test_accuracy"], images["test_accuracy"])
    with pytest.raises(ValueError, match=r"deficits blur, flip: .* no images"):
        model_of().solve(task)


def test_a_network_that_diverges_says_so():
    found = model_of(learning_rate=1e30, initialisations=1).solve(TASK)
    assert "diverged" in found["status"]
    assert (found["status"][found["epoch"] == 0] == "ok").all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deficits": ["fog"]}, "deficits must be one of 'blur', 'flip', 'permutation', 'noise'"),
        ({"deficits": ["blur", "blur"]}, "deficits must be a list of different values"),
        ({"deficits": []}, "deficits must be a list of different values"),
        ({"rates": ["rising"]}, "rates must be one of 'decayed', 'constant', 'rewarmed'"),
        ({"spans": [[5, 6]]}, "starts after training ends, at epoch 5; allowed: 0 to 4"),
        ({"spans": [[3, 3]]}, "from epoch 3 must end after it, not at 3"),
        ({"spans": [[-1, 3]]}, "spans must be a whole number of at least 0, not -1"),
        ({"spans": [4]}, "spans must be lists of two epochs"),
        ({"spans": [[0, 2], [0, 2]]}, "spans must be a list of different values"),
        ({"network": "recurrent"}, "network must be one of 'dense', 'convolutional'"),
        ({"activation": "tanh"}, "activation must be one of 'relu', 'linear'"),
        ({"widths": [0]}, "widths must be a whole number of at least 1"),
        ({"rate_decay": 1.1}, "rate_decay must be at most 1, not 1.1"),
        ({"momentum": -0.1}, "momentum must be at least 0"),
        ({"fisher_samples": 41}, "fisher_samples must be at most the 40 samples, not 41"),
        ({"snapshots": 1}, "snapshots must be a whole number of at least 2"),
    ],
)
def test_impossible_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes)


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({}, (12,), r"deficits blur, flip: .*\(12,\).* allowed: permutation, noise"),
        ({"blur_side": 5}, (1, 5, 6), "blur_side must be below the 5 pixels of a side, not 5"),
        (
            {"deficits": ["noise"], **CONVOLUTIONAL},
            (12,),
            "network convolutional: .* allowed: dense",
        ),
    ],
)
def test_tasks_that_cannot_have_it_are_refused_without_being_made(changes, shape, message):
    with pytest.raises(ValueError, match=message):
        model_of(**changes).check_task(shape, 3)
    model_of(**changes).check_task((1, 8, 8), 3)


def test_a_task_without_a_test_set_is_refused():
    with pytest.raises(ValueError, match="90 samples, and a test set, cannot come from 90"):
        model_of(samples=90).solve(TASK)
