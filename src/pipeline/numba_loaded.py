"""Load what numba loads before a process's first kernel; to be imported for that alone."""

from numba.core.registry import cpu_target

cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
