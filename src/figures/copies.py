"""Draw planes of several copies of a network taken as one, as published and as it should be.

Reads   several_networks   the information of groups of networks of each run
        data               the task of each run
Params  runs               panel label to run id
        published          by label, whether I(X;T) is drawn with H(T given X) taken as 0
        columns            optional: panels side by side, by default two
Writes  svg, png
"""

from figures.planes import planes_figure
from figures.reading import INFORMATION, read_bounds, read_runs
from figures.style import figure_style, save_figure
from pipeline.stage import run_as_script

TABLES = ("several_networks",)
NEEDS = ("runs", "published")
TAKES = ("columns",)
HOW_TO_READ = """\
Each coloured line is one layer's way through the information plane, averaged over groups of copies
of a network at every epoch: a group is taken as one network, whose representation is that of a copy
drawn at random.
Horizontally I(X;T), vertically I(T;Y), both in bits; the colour is the epoch, logarithmic beyond
epoch 1, and the marker at a line's end names the layer. On the left everything is as published:
gradients that add up from step to step, one batch an epoch, and H(T) in place of I(X;T), which is
the same for one copy alone; on the right as it was evidently meant. Dashed lines are the logarithm
of the number of patterns, which H(T) of several copies can exceed, and H(Y)."""

COLUMNS = 2


def main(snakemake) -> None:
    """Read the groups' information, take H(T) where published, draw one plane a run."""
    params = snakemake.params
    columns = [*INFORMATION, "published_mi_input_bits"]
    frame = read_runs(snakemake.input.several_networks, params.runs, columns)
    published = frame["label"].map(params.published)
    drawn = frame["mi_input_bits"].where(~published, frame["published_mi_input_bits"])
    with figure_style():
        figure = planes_figure(
            frame.assign(mi_input_bits=drawn),
            read_bounds(snakemake, frame),
            params.get("columns", COLUMNS),
            counted="group",
        )
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
