"""Freeze the claims: add a dated digest of what is judged, and what a change of it did.

Usage: python docs/freeze.py "what was changed, and what it did to the verdicts"

The digest is of the claims' entries without their comments, and of what a verdict follows from
besides: the intervals and when an estimate is blind. A test holds the last line of
docs/frozen_claims.md to config/.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/frozen_claims.md"
SHARED = ("statistics", "resolution")


def frozen(folder: Path = ROOT / "config") -> str:
    """Return the SHA-256 of all that verdicts are fixed by before results are seen."""
    files = sorted((folder / "claims").glob("*.yaml"))
    claims = {}
    for path in files:
        claims |= yaml.safe_load(path.read_text(encoding="utf-8"))["claims"]
    study = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    fixed = {"claims": claims} | {key: study[key] for key in SHARED}
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def main() -> None:
    """Add a line to the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("change", help="what was changed, and what it did to the verdicts")
    change = parser.parse_args().change.replace("|", "/").replace("\n", " ")
    line = f"| {datetime.datetime.now(datetime.UTC):%Y-%m-%d} | `{frozen()[:16]}` | {change} |\n"
    with open(PAGE, "a", encoding="utf-8") as page:
        page.write(line)


if __name__ == "__main__":
    main()
