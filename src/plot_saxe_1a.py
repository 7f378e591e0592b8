"""Draw SAXE figure 1A: the information plane of tanh networks.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id, one of them
        estimator      id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from pipeline.figures import figure_style, save_figure
from pipeline.planes import plane_bounds, plane_figure, read_information
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Read the run's information, draw the average over networks and each network's own path."""
    frame = read_information(snakemake.input.information, snakemake.params)
    with figure_style():
        figure = plane_figure(
            frame,
            columns=1,
            height_inches=4.2,
            single_networks=True,
            **plane_bounds(snakemake.params),
        )
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
