"""Draw SAXE figure 1A: the information plane of tanh networks.

Reads   information    the merged table of information
Writes  svg, png
Params  runs           panel label to run id, one of them
        estimator      id
        ceiling_bits   optional: the most that I(X;T) can be, drawn as a line
        label_bits     optional: H(Y), drawn as a line
"""

from pipeline.planes import plot_planes
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Read the run's information, draw the average over networks and each network's own path."""
    plot_planes(snakemake, columns=1, height_inches=4.2, single_networks=True)


if __name__ == "__main__":
    run_as_script(main, globals())
