"""The task of Shwartz-Ziv & Tishby under the name that other people's scripts import."""

from infoplane.tasks.icosahedron import szt_task

__all__ = ["szt_task"]
