"""Tasks: inputs with labels, each made by a rule of its own.

To add one, write a module of this package with a frozen dataclass derived from `TaskRule`: its
`name` is the module's, its fields are the rule's parameters, `__post_init__` refuses values that
are not allowed, `input_shape` and `classes` say what a network must take and give, and `make`
returns the `Task`. Then ``tasks: {mine: {rule: <name>, <parameters>}}`` makes it for the study.
"""

from infoplane.families import Family
from infoplane.tasks.base import Task, TaskRule
from infoplane.tasks.images import ImageSet

__all__ = ["TASKS", "ImageSet", "Task", "TaskRule", "make_task", "make_task_rule"]

TASKS = Family("infoplane.tasks", "task rule", shared=("base", "splits", "images", "image_formats"))


def make_task_rule(rule: str, **parameters) -> TaskRule:
    """Make a rule by name, without making its task.

    Parameters
    ----------
    rule : str
        Such as ``"icosahedron"``.
    **parameters
        The rule's own.

    Returns
    -------
    TaskRule

    Raises
    ------
    ValueError
        If there is no such rule, or it refuses its parameters.
    """
    return TASKS.make(rule, **parameters)


def make_task(rule: str, images: ImageSet | None = None, **parameters) -> Task:
    """Make a task by the name of its rule.

    Parameters
    ----------
    rule : str
        Such as ``"icosahedron"``.
    images : ImageSet, optional
        What a rule such as ``"fashion_mnist"`` makes its task from, and no other.
    **parameters
        The rule's own.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If there is no such rule, it refuses its parameters or images, or the task is not what it
        said.
    """
    made_by = make_task_rule(rule, **parameters)
    if images is not None and not made_by.of_images:
        raise ValueError(f"task rule {rule!r} is made of no images")
    task = made_by.make() if images is None else made_by.make_from(images)
    said, is_so = (made_by.input_shape, made_by.classes), (task.inputs.shape[1:], task.classes)
    if said != is_so:
        raise ValueError(
            f"task rule {rule!r} says inputs {said[0]} of {said[1]} classes and makes inputs "
            f"{is_so[0]} of {is_so[1]}"
        )
    return task
