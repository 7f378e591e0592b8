"""Tasks: inputs with labels, each made by a rule of its own.

To add one, write a module of this package with a frozen dataclass derived from `TaskRule`: its
`name` is the module's, its fields are the rule's parameters, `__post_init__` refuses values that
are not allowed, `input_shape` and `classes` say what a network must take and give, and `make`
returns the `Task`. Then ``tasks: {mine: {rule: <name>, <parameters>}}`` makes it for the study.
"""

from infoplane.families import Family
from infoplane.tasks.base import Task, TaskRule

__all__ = ["TASKS", "Task", "TaskRule", "make_task", "make_task_rule"]

TASKS = Family("infoplane.tasks", "task rule", shared=("base", "splits"))


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


def make_task(rule: str, **parameters) -> Task:
    """Make a task by the name of its rule.

    Parameters
    ----------
    rule : str
        Such as ``"icosahedron"``.
    **parameters
        The rule's own.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If there is no such rule, it refuses its parameters, or the task is not what it said.
    """
    made_by = make_task_rule(rule, **parameters)
    task = made_by.make()
    said, is_so = (made_by.input_shape, made_by.classes), (task.inputs.shape[1:], task.classes)
    if said != is_so:
        raise ValueError(
            f"task rule {rule!r} says inputs {said[0]} of {said[1]} classes and makes inputs "
            f"{is_so[0]} of {is_so[1]}"
        )
    return task
