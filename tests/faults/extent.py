"""How much of the faults is tried: a little in `make test`, all in `make faults`."""

import os

EVERYTHING = os.environ.get("FAULTS") == "all"
MUTANTS = 2000 if EVERYTHING else 200
KILLS = 7 if EVERYTHING else 1
"""Of each kind."""
