"""The parts of a PyTorch module: which there are, and which of them fails on its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.nn.utils.parametrize import is_parametrized

Modules = dict[str, torch.nn.Module]


def parts_of(module: torch.nn.Module) -> Modules:
    """Return a module and all its parts by name, without what makes their parameters."""
    makers = tuple(
        f"{name}.parametrizations.".removeprefix(".")
        for name, part in module.named_modules()
        if is_parametrized(part)
    )
    named = module.named_modules()
    return {name: part for name, part in named if not f"{name}.".startswith(makers)}


def has_parts(part: torch.nn.Module) -> bool:
    """Tell whether a module has parts but for what makes its parameters."""
    makers = part.parametrizations if is_parametrized(part) else None
    return any(child is not makers for child in part.children())


@contextmanager
def naming_what_fails(module: torch.nn.Module, inputs: torch.Tensor) -> Iterator[None]:
    """Refuse inputs that a module cannot take, by the part of it where they fail and why."""
    entered = []

    def entering(name: str) -> Callable:
        def hook(part, arguments, keywords):
            entered.append((name, part, [*arguments, *keywords.values()]))

        return hook

    def leave(part, arguments, output):
        entered.pop()

    handles = []
    for name, part in parts_of(module).items():
        handles.append(part.register_forward_pre_hook(entering(name), with_kwargs=True))
        handles.append(part.register_forward_hook(leave))
    try:
        yield
    except (RuntimeError, ValueError, IndexError) as error:
        if not entered:
            raise
        raise ValueError(f"{_what_it_cannot_take(*entered[-1], inputs)}: {error}") from error
    except Exception as error:
        if entered:
            name, part, _ = entered[-1]
            error.add_note(
                f"Raised in the forward pass of {_called(name, part)}. The module is called with a "
                f"single tensor, first with one of shape {tuple(inputs.shape)}."
            )
        raise
    finally:
        entered.clear()
        for handle in handles:
            handle.remove()


def _called(name: str, part: torch.nn.Module) -> str:
    own = type(part).__name__ if has_parts(part) else str(part)
    return f"{f'layer {name!r}' if name else 'the module'}, {own}"


def _what_it_cannot_take(
    name: str, part: torch.nn.Module, arguments: list[object], inputs: torch.Tensor
) -> str:
    values = list(filter(torch.is_tensor, arguments))
    shapes = " and ".join(str(tuple(value.shape)) for value in values)
    given = f"it is given for {len(inputs)} inputs of {tuple(inputs.shape[1:])}"
    whole = [value.dtype for value in values if not value.is_floating_point()]
    looks_up = isinstance(part, torch.nn.Embedding | torch.nn.EmbeddingBag)
    if looks_up or not whole:
        return f"{_called(name, part)}, cannot take the shape {shapes} that {given}"
    return (
        f"{_called(name, part)}, cannot take the {whole[0]} of shape {shapes} that {given}; "
        "convert them to floating point, images of 0 to 255 by inputs / 255"
    )
