"""Draw all verdicts on one page: claims by the side that makes them, against groups of conditions.

Reads   verdicts     the table of claims: claim, statement, side, condition, estimator, reading,
                     estimate, verdict, corrected_verdict
Params  conditions   column label to the runs and models that stand in it
        claims       those to show; by default all
        units        of each claim the unit of its effects, by reading
Writes  svg, png
"""

import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures.reading import read_text_table
from figures.style import figure_style, save_figure
from infoplane.statistics import INCONCLUSIVE, REFUTED, SUPPORTED
from page.scorecard import SIDES, SIGNS
from pipeline.stage import run_as_script

TABLES = ("verdicts",)
NEEDS = ("conditions",)
TAKES = ("claims",)
HOW_TO_READ = """\
Rows are claims, by the side that makes them, and under each the ways to read it; columns are groups
of conditions, and a comparison of two runs stands in the column of its first. A reading is judged
under several estimators or definitions, and in some columns on several runs: a cell has the sign
and the colour of what they say together, after correction for the number of verdicts. Dark with a
bare sign: all say so. Light with the sign in brackets: some say so, and the others are
inconclusive. Split: some are supported and some refuted. Empty: not judged there. Numbers: smallest
and largest effect over the cell's estimators and runs, in the unit that stands beside the reading.
Accuracies and errors are shares."""

COLUMNS = (
    *("claim", "statement", "side", "condition", "estimator", "reading"),
    *("estimate", "verdict", "corrected_verdict"),
)
OVERALL, OTHER, SPLIT = "all", "other", "split"
# Blue and orange stay apart for every kind of sight; what is open is grey, a quarrel is yellow.
COLOURS = {
    SUPPORTED: "#5B9BD5",
    f"some {SUPPORTED}": "#CFE2F3",
    REFUTED: "#E8853D",
    f"some {REFUTED}": "#FBDDC4",
    SPLIT: "#F3E37C",
    INCONCLUSIVE: "#E4E4E4",
}
SIGN_OF = {
    SUPPORTED: SIGNS[SUPPORTED],
    f"some {SUPPORTED}": f"({SIGNS[SUPPORTED]})",
    REFUTED: SIGNS[REFUTED],
    f"some {REFUTED}": f"({SIGNS[REFUTED]})",
    SPLIT: f"{SIGNS[SUPPORTED]}{SIGNS[REFUTED]}",
    INCONCLUSIVE: SIGNS[INCONCLUSIVE],
}
# Inches. Type is never smaller than 7 points.
MARGIN, STATEMENT_WIDTH, CELL_WIDTH = 0.1, 3.5, 0.92
READING_WIDTH, UNIT_WIDTH, LINE_HEIGHT, PAD, SIGN_WIDTH = 0.95, 0.7, 0.125, 0.05, 0.2
HEAD_HEIGHT, SIDE_HEIGHT, KEY_HEIGHT = 0.42, 0.24, 0.3
STATEMENT_CHARACTERS, MOST_LINES = 66, 2


def agreed(verdicts: pd.Series) -> str:
    """Return what several verdicts say together, a key of `COLOURS`."""
    found = set(verdicts)
    if {SUPPORTED, REFUTED} <= found:
        return SPLIT
    decided = found - {INCONCLUSIVE}
    if not decided:
        return INCONCLUSIVE
    (verdict,) = decided
    return f"some {verdict}" if INCONCLUSIVE in found else verdict


def written(value: float) -> str:
    """Write an effect with two digits or so, in at most five characters."""
    size = abs(value)
    form = ".2f" if size < 1 else ".1f" if size < 100 else ".0f" if size < 1e4 else ".0e"
    text = f"{round(value, 2) + 0.0:{form}}"
    return text.replace("e+0", "e").replace("-", "\N{MINUS SIGN}").replace("inf", "∞")


def effect(estimates: pd.Series) -> str:
    """Write the smallest and the largest effect; once if they are alike."""
    known = estimates.dropna()
    if known.empty:
        return ""
    ends = dict.fromkeys((written(known.min()), written(known.max())))
    return "…".join(ends)


def cells_of(table: pd.DataFrame, conditions: Mapping[str, list[str]]) -> pd.DataFrame:
    """Summarise the verdicts on each reading of a claim in each column.

    Parameters
    ----------
    table : pandas.DataFrame
        `COLUMNS`.
    conditions : mapping of str to list of str
        The runs and models of each column.

    Returns
    -------
    cells : pandas.DataFrame
        ``claim, reading, column, verdict`` (a key of `COLOURS`) and ``effect`` (text). What stands
        in no column is in one called `OTHER`.
    """
    column_of = {name: label for label, names in conditions.items() for name in names}
    rows = table[table["estimator"] != OVERALL]
    several = rows["condition"].str.contains(", ")
    first = rows["condition"].str.split(" vs ").str[0].where(~several, rows["condition"])
    rows = rows.assign(
        column=first.map(column_of).fillna(OTHER), reading=rows["reading"].fillna("")
    )
    keys = ["claim", "reading", "column"]
    found = [
        (*key, agreed(own["corrected_verdict"]), effect(own["estimate"]))
        for key, own in rows.groupby(keys, sort=False)
    ]
    return pd.DataFrame(found, columns=[*keys, "verdict", "effect"])


def wrapped(claim: str, statement: str) -> list[str]:
    """Break a claim into lines; what has no room ends in dots."""
    lines = textwrap.wrap(f"{claim}  {statement}", STATEMENT_CHARACTERS)
    if len(lines) > MOST_LINES:
        last = textwrap.shorten(" ".join(lines[1:]), STATEMENT_CHARACTERS, placeholder=" …")
        lines = [lines[0], last]
    return lines


def in_order(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return name and statement of each claim by its side, in the order of `SIDES`."""
    claims = table.drop_duplicates("claim").sort_values("claim")
    sides = dict.fromkeys([*SIDES, *sorted(claims["side"])])
    by_side = {side: claims[claims["side"] == side] for side in sides}
    return {side: own for side, own in by_side.items() if len(own)}


def scorecard_figure(
    table: pd.DataFrame, conditions: Mapping[str, list[str]], units: Mapping[str, dict[str, str]]
) -> Figure:
    """Draw claims down and groups of conditions across.

    Parameters
    ----------
    table : pandas.DataFrame
        `COLUMNS`.
    conditions : mapping of str to list of str
    units : mapping of str to dict

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    cells = cells_of(table, conditions)
    columns = [label for label in (*conditions, OTHER) if label in set(cells["column"])]
    sides = in_order(table)
    lines = {row.claim: wrapped(row.claim, row.statement) for row in table.itertuples()}
    heights = {
        claim: max(LINE_HEIGHT * len(text) + PAD, (LINE_HEIGHT + PAD) * len(units[claim]))
        for claim, text in lines.items()
    }
    left = MARGIN + STATEMENT_WIDTH + READING_WIDTH + UNIT_WIDTH
    width = left + CELL_WIDTH * len(columns) + MARGIN
    height = HEAD_HEIGHT + sum(heights.values()) + SIDE_HEIGHT * len(sides) + KEY_HEIGHT
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    head = {"y": HEAD_HEIGHT - PAD, "va": "bottom", "fontsize": 7}
    axes.text(left - UNIT_WIDTH - READING_WIDTH, s="read as", **head)
    axes.text(left - UNIT_WIDTH, s="effect in", **head)
    for position, label in enumerate(columns):
        axes.text(left + CELL_WIDTH * (position + 0.5), s=label, ha="center", **head)
    top = HEAD_HEIGHT
    for side, claims in sides.items():
        top += SIDE_HEIGHT
        axes.plot([MARGIN, width - MARGIN], [top, top], color="0.2", linewidth=0.8)
        axes.text(MARGIN, top - 0.04, SIDES.get(side, side), fontsize=8, weight="bold")
        for claim in claims["claim"]:
            draw_claim(axes, top, heights[claim], lines[claim], width)
            height = heights[claim] / len(units[claim])
            for reading, unit in units[claim].items():
                draw_reading(axes, top + height / 2, reading, unit)
                own = cells[(cells["claim"] == claim) & (cells["reading"] == reading)]
                for cell in own.itertuples():
                    place = left + CELL_WIDTH * columns.index(cell.column)
                    draw_cell(axes, (place, top), height, cell)
                top += height
    draw_key(axes, top + KEY_HEIGHT / 2, width)
    return figure


def draw_claim(axes: Axes, top: float, height: float, lines: list[str], width: float) -> None:
    """Write a claim at the left of its rows, above a thin line."""
    bottom, middle = top + height, top + height / 2
    axes.plot([MARGIN, width - MARGIN], [bottom, bottom], color="0.85", linewidth=0.4, zorder=0)
    axes.text(MARGIN, middle, "\n".join(lines), va="center", fontsize=7, linespacing=1.1)


def draw_reading(axes: Axes, middle: float, reading: str, unit: str) -> None:
    """Write how a claim is read, and the unit of its effects then, before the cells."""
    look = {"va": "center_baseline", "fontsize": 7, "color": "0.35"}
    left = MARGIN + STATEMENT_WIDTH
    axes.text(left, middle, reading.replace("_", " "), **look)
    axes.text(left + READING_WIDTH, middle, unit, **look)


def draw_cell(axes: Axes, corner: tuple[float, float], height: float, cell) -> None:
    """Fill a cell with its verdict's colour, sign and effect."""
    left, top = corner
    colour, middle = COLOURS[cell.verdict], top + height / 2
    axes.add_patch(
        Rectangle((left, top), CELL_WIDTH, height, facecolor=colour, edgecolor="white", linewidth=1)
    )
    sign = SIGN_OF[cell.verdict]
    place = left + (SIGN_WIDTH / 2 if cell.effect else CELL_WIDTH / 2)
    axes.text(place, middle, sign, ha="center", va="center_baseline", fontsize=7, weight="bold")
    right = left + CELL_WIDTH - 0.03
    axes.text(right, middle, cell.effect, ha="right", va="center_baseline", fontsize=7)


def draw_key(axes: Axes, middle: float, width: float) -> None:
    """Explain the colours and the signs below all rows."""
    step = (width - 2 * MARGIN) / len(COLOURS)
    for number, (word, colour) in enumerate(COLOURS.items()):
        left = MARGIN + step * number
        corner = (left, middle - LINE_HEIGHT / 2 - 0.02)
        axes.add_patch(Rectangle(corner, 0.3, LINE_HEIGHT + 0.04, facecolor=colour))
        look = {"va": "center_baseline", "fontsize": 7}
        axes.text(left + 0.15, middle, SIGN_OF[word], ha="center", weight="bold", **look)
        axes.text(left + 0.36, middle, word, **look)


def main(snakemake) -> None:
    """Read the verdicts, draw them."""
    params = snakemake.params
    table = read_text_table(snakemake.input.verdicts, COLUMNS, {})
    shown = table[table["claim"].isin(params.get("claims", table["claim"]))]
    with figure_style():
        figure = scorecard_figure(shown, params.conditions, params.units)
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
