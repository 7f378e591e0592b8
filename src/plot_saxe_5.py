"""Draw SAXE figure 5: information planes of {SGD, full batch} x {tanh, ReLU}.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id, four of them, row by row
        estimator      id, or panel label to id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from pipeline.figures import figure_style, save_figure
from pipeline.planes import plane_bounds, plane_figure, read_information
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Read the runs' information, draw one plane for each, two by two."""
    frame = read_information(snakemake.input.information, snakemake.params)
    with figure_style():
        figure = plane_figure(frame, columns=2, height_inches=5.2, **plane_bounds(snakemake.params))
        save_figure(figure, snakemake.output)


if __name__ == "__main__":
    run_as_script(main, globals())
