"""Merge the dependence of all runs into one tidy table.

Reads   chunks     the tables of all chunks
        metrics    the learning curves, which know each network's status
Writes  table      the same rows and columns, and status
"""

from pipeline.stage import run_as_script
from pipeline.tables import summarise_chunks as main

if __name__ == "__main__":
    run_as_script(main, globals())
