"""Draw SAXE figure 5: information planes of {SGD, full batch} x {tanh, ReLU}.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id, four of them, row by row
        estimator      id, or panel label to id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from pipeline.planes import plot_planes
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Read the runs' information, draw one plane for each, two by two."""
    plot_planes(snakemake, columns=2, height_inches=5.2)


if __name__ == "__main__":
    run_as_script(main, globals())
