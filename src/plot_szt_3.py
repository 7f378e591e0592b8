"""Draw SZT figure 3: the averaged way through the information plane at three training sizes.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id, such as {"5 % of the data": "szt_tanh_fraction_05"}
        estimator      id, or panel label to id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from pipeline.planes import plot_planes
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Read the runs' information, draw one plane for each, side by side."""
    plot_planes(snakemake, columns=3, height_inches=2.8)


if __name__ == "__main__":
    run_as_script(main, globals())
