"""Run the benchmarks, write a JSON file for each, and draw one figure of all.

python -m benchmarks [--output-folder FOLDER] [--only NAME]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import llvmlite.binding

from benchmarks.figure import draw
from benchmarks.peers import PeersMissingError
from pipeline.files import save_json
from pipeline.stage import commit, versions

BENCHMARKS = (
    *("train", "estimate", "gradients", "fisher", "bottleneck", "variational", "images", "lenet"),
    *("crossing", "cores", "peers"),
)

log = logging.getLogger("benchmarks")


def machine() -> dict:
    """Return what the numbers depend on besides the code."""
    return {
        "machine": platform.machine(),
        "processor": llvmlite.binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        # Jobs that run or wait: above the benchmarks' own one, the clock shows others' work.
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "commit": commit(),
    }


def run(name: str, folder: Path) -> None:
    """Run one benchmark and write its JSON file."""
    log.info("%s ...", name)
    start = time.perf_counter()
    state = machine()
    measured = import_module(f"benchmarks.{name}").measure()
    measured["versions"] = versions() | measured.get("versions", {})
    save_json(folder / f"{name}.json", state | measured)
    log.info("%s: %.0f s, %s", name, time.perf_counter() - start, folder / f"{name}.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--output-folder", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--only", choices=BENCHMARKS, help="run one; the others' files stay")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in [options.only] if options.only else BENCHMARKS:
        try:
            run(name, options.output_folder)
        except PeersMissingError as error:
            if options.only:
                raise SystemExit(str(error)) from error
            log.warning("peers left out: %s", error)
    found = {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name in BENCHMARKS
        if (path := options.output_folder / f"{name}.json").exists()
    }
    draw(found, options.output_folder)


if __name__ == "__main__":
    main()
