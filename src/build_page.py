"""Put verdicts, their evidence and the information planes into one page that needs no network.

Reads   claims            the verdicts, from collect_verdicts
        details           what every network contributes to them, from collect_details
        information       tables of information of the runs that figures show
        metrics           learning curves of these runs
        audit             where the estimators were right, from merge_audit
        method            how a claim becomes a verdict, as text
        template          files of the page: template, style, scripts, bundle
Params  planes            estimators that are shown, by run
        statistics        the statistic of each claim
        figures           paper, number and what it shows, of each figure
        configuration     what was given with --configfile
Writes  page              one HTML file. A table that is missing or of another version is named in
                          the page, and the rest is shown.
"""

from collections.abc import Callable, Mapping
from os.path import relpath
from pathlib import Path

import pandas as pd

from page.packing import packed
from page.planes import COLUMNS, CURVES, SAMPLED, course, plane
from page.scorecard import DIRECTIONS, NEEDED, SIDES, SIGNS, evidence, scorecard, tally
from page.tables import MissingTableError, read_list, read_text, read_text_table
from page.writing import written
from pipeline.files import DamagedFileError, load_table, save_text
from pipeline.stage import commit, log, run_as_script

AUDIT = ("task", "family", "dimension", "samples", "estimator", "quantity")
ERRORS = ("bias_bits", "spread_bits", "refused")


def read_planes(paths, shown: Mapping[str, list[str]], missing: list[str]) -> list[dict]:
    """Summarise the planes of the runs and estimators that are shown.

    Parameters
    ----------
    paths : iterable of path
    shown : mapping of str to list of str
        Estimators by run.
    missing : list of str
        Takes what cannot be shown.

    Returns
    -------
    planes : list of dict
        See `page.planes.plane`, with ``run`` and ``estimator``, in the order of `shown`.
    """
    named = sorted({estimator for own in shown.values() for estimator in own})
    found = {}
    for path in paths:
        try:
            table = load_table(path, list(COLUMNS), [("estimator", "in", named)])
        except DamagedFileError as error:
            missing.append(str(error))
            continue
        frame = table.to_pandas().astype({"run": str, "estimator": str, "status": str})
        for key, own in frame.groupby(["run", "estimator"], sort=False):
            found[key] = plane(own)
    for run, own in shown.items():
        absent = [estimator for estimator in own if (run, estimator) not in found]
        if absent:
            missing.append(f"no information of {run} by {', '.join(absent)}")
        if any(key[0] == run and not one["networks"] for key, one in found.items()):
            missing.append(f"no network of {run} finished")
    wanted = [(run, estimator) for run, own in shown.items() for estimator in own]
    return [
        {"run": key[0], "estimator": key[1]} | found[key]
        for key in wanted
        if found.get(key, {}).get("networks")
    ]


def read_courses(paths, missing: list[str]) -> dict[str, dict]:
    """Summarise the learning curves of runs.

    Parameters
    ----------
    paths : iterable of path
    missing : list of str
        Takes what cannot be shown.

    Returns
    -------
    courses : dict of str to dict
        See `page.planes.course`, by run.
    """
    found = {}
    for path in paths:
        try:
            frame = load_table(path, ["run", "init", "epoch", "status", *CURVES]).to_pandas()
        except DamagedFileError as error:
            missing.append(str(error))
            continue
        found |= {str(run): course(own) for run, own in frame.groupby("run", observed=True)}
    return found


def read_or_miss(read: Callable, missing: list[str]):
    """Return what is read, or None and say what is missing."""
    try:
        return read()
    except MissingTableError as error:
        missing.append(str(error))
        return None


def commands(results: str, configuration: str, claims, figures) -> dict[str, dict[str, str]]:
    """Return the command that makes each claim and each figure again."""
    run = f"snakemake --cores all{configuration}"
    return {
        "claims": {name: f"{run} {results}/claims/{name}.tsv" for name in claims},
        "figures": {name: f"{run} plot_{name}" for name in figures},
        "page": f"{run} page",
    }


def main(snakemake) -> None:
    """Read what there is, write the page."""
    tables, params, missing = snakemake.input, snakemake.params, []
    verdicts = read_or_miss(lambda: read_text_table(tables.claims, NEEDED), missing)
    claims = None if verdicts is None else read_or_miss(lambda: scorecard(verdicts), missing)
    if claims is None:
        verdicts, claims = pd.DataFrame(columns=list(NEEDED), dtype=str), []
    details = read_or_miss(lambda: read_list(tables.details), missing) or []
    audit = read_or_miss(lambda: read_text_table(tables.audit, (*AUDIT, *ERRORS)), missing)
    planes = read_planes(tables.information, params.planes, missing)
    courses = read_courses(tables.metrics, missing)
    for text in missing:
        log.warning("the page lacks: %s", text)
    names = [claim["name"] for claim in claims]
    files = [f" --configfile {relpath(path)}" for path in params.configuration]
    results = relpath(Path(snakemake.output.page).parents[1])
    context = {
        "claims": claims,
        "rows": len(verdicts),
        "warned": int((verdicts["warning"] != "").sum()),
        "tally": tally(verdicts),
        "conditions": list(dict.fromkeys(verdicts["condition"])),
        "estimators": list(dict.fromkeys(verdicts["estimator"])),
        "sides": {side: SIDES.get(side, side) for side in dict.fromkeys(verdicts["side"])},
        "signs": SIGNS,
        "missing": missing,
        "planes": len(planes),
        "sampled": SAMPLED,
        "audited": 0 if audit is None else len(audit),
        "figures": params.figures,
        "commands": commands(results, "".join(files), names, params.figures),
        "method": read_or_miss(lambda: read_text(tables.method), []),
        "commit": commit(),
        "evidence_data": packed(
            {
                "rows": evidence(verdicts, details),
                "statistics": params.statistics,
                "directions": DIRECTIONS,
            }
        ),
        "plane_data": packed({"planes": planes, "courses": courses}),
        "audit_data": packed([] if audit is None else audit[[*AUDIT, *ERRORS]].to_dict("split")),
    }
    page = written(Path(tables.template[0]).parent, context)
    save_text(snakemake.output.page, page)
    log.info("%d verdicts, %d planes, %.2f MB", len(verdicts), len(planes), len(page) / 1e6)


if __name__ == "__main__":
    run_as_script(main, globals())
