"""Put verdicts, their evidence and the information planes into one page that needs no network.

Reads   claims            the verdicts, from collect_verdicts
        details           what every network contributes to them, from collect_details
        information       tables of information of the runs that figures show
        metrics           learning curves of these runs
        gradients         signal-to-noise ratios of those that have them
        audit             where the estimators were right, from merge_audit
        figures           drawings, from plot_*
        method, glossary  documentation, as Markdown
        configuration     files of the configuration, for the lines that a claim stands in
        statistics        modules of the claims' statistics, likewise
        template          files of the page: template, style, scripts, bundle
Params  planes            estimators that are shown, by run
        claims            statistic, runs and files of each claim
        figures           of each figure what its entry says, and its files
        trained_by        runs whose networks another one trains, each with that run
        overriding        what was given with --configfile
Writes  page              one HTML file. A table that is missing or of another version is named in
                          the page, and the rest is shown. Costs are from the run's own benchmarks.
"""

from collections.abc import Callable, Mapping
from os.path import relpath
from pathlib import Path

import pandas as pd

from page.argument import figures_of, papers_of
from page.costs import Costs, told
from page.packing import packed, packed_text
from page.planes import COLUMNS, CURVES, OF_GRADIENTS, SAMPLED, course, plane, signal
from page.scorecard import DIRECTIONS, NEEDED, SIDES, SIGNS, evidence, scorecard, tally
from page.sources import entries_of, functions_of
from page.tables import MissingTableError, read_list, read_text, read_text_table
from page.texts import rendered
from page.writing import written
from pipeline.files import DamagedFileError, load_table, save_text
from pipeline.stage import commit, log, made_by, repository, run_as_script

AUDIT = ("task", "family", "dimension", "samples", "estimator", "quantity")
ERRORS = ("truth_bits", "bias_bits", "spread_bits", "refused")
# A drawing of many thousand points is left to its own file; the page shall stay below 8 MB.
LARGEST_FIGURE = 300_000
TEXTS = ("method", "glossary")


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


def read_by_run(paths, columns, summary: Callable, missing: list[str]) -> dict[str, dict]:
    """Summarise a tidy table of each run.

    Parameters
    ----------
    paths : iterable of path
    columns : iterable of str
    summary : callable
        Takes a run's table.
    missing : list of str
        Takes what cannot be shown.

    Returns
    -------
    found : dict of str to dict
        By run.
    """
    found = {}
    for path in paths:
        try:
            frame = load_table(path, list(columns)).to_pandas()
        except DamagedFileError as error:
            missing.append(str(error))
            continue
        found |= {str(run): summary(own) for run, own in frame.groupby("run", observed=True)}
    return found


def read_figures(paths, named: Mapping[str, dict], missing: list[str]) -> dict[str, str]:
    """Pack the drawings that are there and small enough, by figure."""
    there = {Path(path).stem: path for path in paths}
    found = {}
    for name in named:
        try:
            drawing = packed_text(read_text(there.get(name, f"{name}.svg")))
        except MissingTableError as error:
            missing.append(str(error))
            continue
        if len(drawing) <= LARGEST_FIGURE:
            found[name] = drawing
    return found


def read_or_miss(read: Callable, missing: list[str]):
    """Return what is read, or None and say what is missing."""
    try:
        return read()
    except MissingTableError as error:
        missing.append(str(error))
        return None


def command(overriding) -> str:
    """Return how the study is run, less what is to be made."""
    files = "".join(f" --configfile {relpath(path)}" for path in overriding)
    return f"snakemake --cores all{files} --"


def argument(snakemake, claims: list[dict], results: Path) -> tuple[dict, list[dict]]:
    """Say of each claim and figure where it stands, how to make it again and what that costs.

    Returns
    -------
    claims : dict of str to dict
        ``statistic, entry, code, figures, command, cost``.
    figures : list of dict
        What the entries say, with ``name, entry, command, cost``.
    """
    tables, params = snakemake.input, snakemake.params
    costs = Costs(results / "benchmarks", params.trained_by)
    run = command(params.overriding)
    entries = entries_of(tables.configuration, "claims")
    functions = functions_of(tables.statistics, "claim_statistic")
    of_claims = {}
    for claim in claims:
        name = claim["name"]
        known = params.claims.get(name, {"statistic": "", "runs": [], "files": []})
        of_claims[name] = {
            "statistic": known["statistic"],
            "entry": entries.get(name, []),
            "code": functions.get(known["statistic"]),
            "figures": figures_of(claim["source"], known["runs"], params.figures),
            "command": f"{run} {relpath(results)}/claims/{name}.tsv",
            "cost": told(costs.of(("judge_claims", name), known["files"])),
        }
    entries = entries_of(tables.configuration, "figures")
    of_figures = [
        {key: value for key, value in entry.items() if key not in ("files", "runs")}
        | {
            "name": name,
            "entry": entries.get(name, []),
            "command": f"{run} plot_{name}",
            "cost": told(costs.of((f"plot_{name}",), entry["files"])),
        }
        for name, entry in params.figures.items()
    ]
    papers = [figure["paper"] for figure in of_figures]
    return of_claims, sorted(of_figures, key=lambda figure: papers.index(figure["paper"]))


def judged_at(results: Path) -> str | None:
    """Return the commit that the verdicts were collected at, as its log says."""
    try:
        text = (results / "logs/collect_verdicts.log").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return next((commit for _, commit in made_by(text)), None)


def main(snakemake) -> None:
    """Read what there is, write the page."""
    tables, params, missing = snakemake.input, snakemake.params, []
    results = Path(snakemake.output.page).parents[1]
    verdicts = read_or_miss(lambda: read_text_table(tables.claims, NEEDED), missing)
    units = {name: known["units"] for name, known in params.claims.items()}
    claims = None if verdicts is None else read_or_miss(lambda: scorecard(verdicts, units), missing)
    if claims is None:
        verdicts, claims = pd.DataFrame(columns=list(NEEDED), dtype=str), []
    details = read_or_miss(lambda: read_list(tables.details), missing) or []
    audit = read_or_miss(lambda: read_text_table(tables.audit, (*AUDIT, *ERRORS)), missing)
    planes = read_planes(tables.information, params.planes, missing)
    curves = ("run", "init", "epoch", "status", *CURVES)
    courses = read_by_run(tables.metrics, curves, course, missing)
    signals = read_by_run(tables.gradients, OF_GRADIENTS, signal, missing)
    drawings = read_figures(tables.figures, params.figures, missing)
    texts = {
        name: read_or_miss(lambda name=name: read_text(getattr(tables, name)), missing)
        for name in TEXTS
    }
    here, there = commit(), judged_at(results)
    if there not in (None, here) and "unknown" not in (there, here):
        missing.append(f"the verdicts are of commit {there}, this page and its code of {here}")
    for text in missing:
        log.warning("the page lacks: %s", text)
    of_claims, of_figures = argument(snakemake, claims, results)
    address = repository()
    code = address and f"{address}/blob/{here.removesuffix('-dirty')}"
    context = {
        "claims": [claim | {"papers": papers_of(claim["source"])} for claim in claims],
        "papers": sorted({name for claim in claims for name in papers_of(claim["source"])}),
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
        "figures": of_figures,
        "drawings": drawings,
        "of_claims": of_claims,
        "page_command": f"{command(params.overriding)} page",
        "commit": here,
        "evidence_data": packed(
            {
                "rows": evidence(verdicts, details),
                "claims": of_claims,
                "directions": DIRECTIONS,
                "code": code,
                "planes": [[one["run"], one["estimator"]] for one in planes],
            }
        ),
        "plane_data": packed({"planes": planes, "courses": courses, "signals": signals}),
        "audit_data": packed([] if audit is None else audit[[*AUDIT, *ERRORS]].to_dict("split")),
    } | {name: text and rendered(text, code and f"{code}/docs") for name, text in texts.items()}
    page = written(Path(tables.template[0]).parent, context)
    save_text(snakemake.output.page, page)
    log.info("%d verdicts, %d planes, %.2f MB", len(verdicts), len(planes), len(page) / 1e6)


if __name__ == "__main__":
    run_as_script(main, globals())
