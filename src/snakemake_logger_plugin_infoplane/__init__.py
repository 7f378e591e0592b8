"""Progress of a run for people: what is done, what is left, what failed and why.

Snakemake finds the plugin by the name of this package; the profile asks for it. The whole of
Snakemake's own messages stands in ``.snakemake/log``, as always. With ``--verbose``, ``--quiet``,
``--printshellcmds`` or in a dry run they are printed as they are.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_infoplane.course import (
    Course,
    RunningJob,
    in_words,
    last_lines,
    read_costs,
)
from snakemake_logger_plugin_infoplane.unreadable import put_right

# Without a terminal, such as in CI: a line for each tenth of the jobs.
SHARES = 10
# Lines of a failed job's log there.
TAIL = 30
# Said of every run, or of a failed job once more than its own line does.
KNOWN = (
    *("None", "Assuming unrestricted", "Using shell", "Conda environments: ignored"),
    *("RuleException:", "Exiting because"),
)


class LogHandler(LogHandlerBase):
    """Show the progress of a run on a terminal, or a few lines elsewhere."""

    def __post_init__(self) -> None:
        """Choose between Snakemake's own messages and progress."""
        settings = self.common_settings
        stream = sys.stdout if settings.stdout else sys.stderr
        self.plain = self.progress = None
        if settings.dryrun or settings.verbose or settings.quiet or settings.printshellcmds:
            self.plain = _messages(settings, stream)
            return
        self.console = Console(file=stream, no_color=settings.nocolor or None, soft_wrap=True)
        self.course = Course(read_costs(Path("docs/costs.md")))
        self.told = 0
        self.began = time.monotonic()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take a message of Snakemake."""
        record = put_right(record, sys.argv[1:])
        if self.plain is not None:
            self.plain.handle(record)
            return
        try:
            take = EVENTS.get(getattr(record, "event", None), LogHandler._other)
            take(self, record)
        except Exception:  # A broken display must not break a run.
            self.handleError(record)

    def close(self) -> None:
        """Say what came of the run."""
        if self.plain is None and self.course.total:
            self._stop()
            minutes = (time.monotonic() - self.began) / 60
            course = self.course
            self._say(f"{course.done} of {course.total} jobs done in {minutes:.1f} min")
            for job in course.failed.values():
                self._say(f"failed: {job}  {' '.join(job.logs)}", style="red")
            course.total = 0  # Snakemake closes a handler twice.
        super().close()

    def _say(self, text: str, style: str | None = None) -> None:
        self.console.print(escape(text), style=style, highlight=False)

    def _stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None

    def _other(self, record: logging.LogRecord) -> None:
        """Pass on warnings and errors, and what is said when nothing runs."""
        text = record.getMessage().strip()
        wanted = record.levelno >= logging.WARNING or (
            record.levelno == logging.INFO and not self.course.total
        )
        if wanted and text and not text.startswith(KNOWN):
            self._say(text)

    def _resources(self, record: logging.LogRecord) -> None:
        self.course.cores = getattr(record, "cores", None) or self.course.cores

    def _plan(self, record: logging.LogRecord) -> None:
        self.course.plan(record.stats)
        if self.console.is_terminal and self.progress is None:
            columns = (BarColumn(30), TextColumn("{task.description}"))
            self.progress = Progress(*columns, console=self.console)
            self.task = self.progress.add_task("", total=self.course.total)
            self.progress.start()

    def _start(self, record: logging.LogRecord) -> None:
        values = " ".join(map(str, dict(record.wildcards).values()))
        job = RunningJob(record.rule_name, values, tuple(record.log), time.monotonic())
        self.course.start(record.jobid, job)
        self._show()

    def _finish(self, record: logging.LogRecord) -> None:
        self.course.finish(record.job_id, time.monotonic())
        self._show()

    def _fail(self, record: logging.LogRecord) -> None:
        job = self.course.fail(record.jobid)
        if job is not None:
            (last,) = last_lines(job.logs) or ("it has left no log",)
            self._say(f"FAILED {job}: {last}", style="bold red")
            self._say(f"       log: {' '.join(job.logs)}")
            if not self.console.is_terminal:  # Nobody may be able to open it later.
                self._say("\n".join(f"       | {line}" for line in last_lines(job.logs, TAIL)))
        self._show()

    def _show(self) -> None:
        course = self.course
        said = f"{course.done} of {course.total} jobs, {in_words(course.seconds_left())}"
        if self.progress is not None:
            running = "; ".join(map(str, course.running.values()))
            room = max(20, self.console.width - 34 - len(said))
            running = running if len(running) <= room else running[: room - 3] + "..."
            text = escape(f"{said}  {running}")
            self.progress.update(self.task, completed=course.done, description=text)
        elif course.total and SHARES * course.done // course.total > self.told:
            self.told = SHARES * course.done // course.total
            self._say(said)


EVENTS = {
    LogEvent.RESOURCES_INFO: LogHandler._resources,
    LogEvent.RUN_INFO: LogHandler._plan,
    LogEvent.JOB_INFO: LogHandler._start,
    LogEvent.JOB_FINISHED: LogHandler._finish,
    LogEvent.JOB_ERROR: LogHandler._fail,
    **dict.fromkeys(
        (LogEvent.PROGRESS, LogEvent.JOB_STARTED, LogEvent.SHELLCMD, LogEvent.WORKFLOW_STARTED),
        lambda handler, record: None,
    ),
}


def _messages(settings, stream) -> logging.Handler:
    """Return a handler that prints Snakemake's messages as Snakemake does."""
    handler = ColorizingTextHandler(nocolor=settings.nocolor, stream=stream)
    handler.addFilter(
        DefaultFilter(
            settings.quiet,
            settings.debug_dag,
            settings.verbose,
            settings.dryrun,
            settings.printshellcmds,
        )
    )
    handler.setFormatter(DefaultFormatter(settings.quiet, settings.show_failed_logs))
    return handler
