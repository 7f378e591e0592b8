"""Jobs begin in copies of one process that has imported their libraries.

A new interpreter takes longer to import PyTorch, pandas or matplotlib than most jobs of this study
take to compute. Where many jobs are planned, one process imports these once, and each job is a fork
of it: a process of its own with its own memory, log and benchmark. No code of this project that
computes is imported before the fork, and no number depends on it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection, wait

from pipeline.alone import SCHEDULER, end_with

JOBS_WORTH_IT = 10
"""With fewer jobs the imports of the one process would cost more than they save."""

# Whatever many jobs import; what is missing here costs time, no more. The last is the process's own
# main module, which every copy loads.
PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "h5py",
    "pipeline.numba_loaded",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.neighbors",
    "torch",
    "torch._dynamo",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "seaborn",
    "snakemake.cli",
)
# As Snakemake sets them for a job with one thread, but before the libraries read them.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
TEMPORARY = ("TMPDIR", "TMP", "TEMP", "TEMPDIR")

_one_at_a_time = threading.Lock()


def start_jobs_warm(scripts: type, benchmarked: Callable) -> bool:
    """Let the Python scripts of this Snakemake process begin with their libraries imported.

    Parameters
    ----------
    scripts : type
        Snakemake's class of a Python script to be run, whose ``execute_script`` is replaced.
    benchmarked : callable
        Snakemake's context manager that measures a process.

    Returns
    -------
    possible : bool
        False where a fork is not safe, or Snakemake was called by a program, whose main module
        every copy would run once more: there, jobs begin as Snakemake starts them.
    """
    if not sys.platform.startswith("linux") or not _called_by_its_own_command():
        return False
    os.environ.update(ONE_THREAD)
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(PRELOADED))
    in_a_new_interpreter = scripts.execute_script

    def execute_script(job, script: str, edit: bool = False) -> None:
        if job.conda_env or job.container_img or job.env_modules or job.threads != 1:
            in_a_new_interpreter(job, script, edit)
        else:
            folder = job.resources.get("tmpdir")
            environment = dict.fromkeys(TEMPORARY, folder) if folder else {}
            _run_in_a_copy(script, environment, lambda pid: benchmarked(pid, job.bench_record))

    scripts.execute_script = execute_script
    return True


def _called_by_its_own_command() -> bool:
    main = sys.modules["__main__"]
    if main.__spec__:
        return main.__spec__.name == "snakemake.__main__"
    return os.path.basename(getattr(main, "__file__", "")) == "snakemake"


def _run_in_a_copy(
    script: str,
    environment: dict[str, str],
    measured: Callable[[int], AbstractContextManager],
) -> None:
    """Run a script in a copy of the warm process and wait for its end.

    Raises
    ------
    subprocess.CalledProcessError
        When the script fails, as for a command.
    """
    context = multiprocessing.get_context("forkserver")
    begin, permission = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(begin, os.getpid(), script, environment))
    with _one_at_a_time:
        process.start()
    with measured(process.pid), begin, permission:
        permission.send(None)
        wait([process.sentinel])
        # Starting a process asks all others whether they have ended, and each may be asked once.
        with _one_at_a_time:
            process.join()
    if process.exitcode:
        raise subprocess.CalledProcessError(process.exitcode, [sys.executable, script])


def _run(begin: Connection, scheduler: int, script: str, environment: dict[str, str]) -> None:
    """Be the job: run its script once it is measured, and end as an interpreter would."""
    # Without the process that it is a copy of, nobody would hear how it ends.
    end_with(scheduler, os.getppid())
    os.environ.pop(SCHEDULER, None)  # it is watched already
    begin.recv()
    os.environ.update(environment)
    sys.argv = [script]
    gc.freeze()
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit:
        raise
    except BaseException as error:
        sys.excepthook(*sys.exc_info())
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        sys.exit(1)
