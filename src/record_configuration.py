"""Record the whole configuration that made the results, all files merged.

Writes  record    the configuration as YAML
"""

import yaml

from pipeline.files import save_text
from pipeline.stage import run_as_script


def main(snakemake) -> None:
    """Write the configuration."""
    save_text(snakemake.output.record, yaml.safe_dump(snakemake.params.config, sort_keys=False))


if __name__ == "__main__":
    run_as_script(main, globals())
