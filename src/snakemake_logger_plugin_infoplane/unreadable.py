"""Say which file of the command line cannot be read, where Snakemake does not.

Snakemake reads these files before any line of the workflow runs, and its message names neither file
nor line, or is a traceback. The messages pass through here, so this is where they can be put right.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator, Sequence

from snakemake_interface_logger_plugins.common import LogEvent

OPTION = re.compile(r"--configfiles?(?:=(.*))?")


def configuration_files(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the files that a command line gives by ``--configfile``.

    Parameters
    ----------
    arguments : sequence of str
    """
    reading = False
    for argument in arguments:
        if option := OPTION.fullmatch(argument):
            reading = option[1] is None
            if option[1]:
                yield option[1]
        elif argument.startswith("-"):
            reading = False
        elif reading:
            yield argument


def put_right(record: logging.LogRecord, arguments: Sequence[str]) -> logging.LogRecord:
    """Return an error's message; where a file cannot be read, one that says which, where and why.

    Parameters
    ----------
    record : logging.LogRecord
        Any message of Snakemake.
    arguments : sequence of str
        Of the command line.
    """
    if getattr(record, "event", None) != LogEvent.ERROR:
        return record
    # Not before: a second checkout that shares the environment has a pipeline of its own, which its
    # workflow loads.
    from pipeline.places import FileError, key_lines

    for file in configuration_files(arguments):
        try:
            key_lines(file)
        except FileError as error:
            record = copy.copy(record)
            record.msg = f"ConfigurationError: the configuration is wrong\n  {error}"
            record.args = ()
            break
    return record
