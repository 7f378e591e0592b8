# The commands of the project; each sets up what it needs. `make help` lists them.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# Stages and tests run on the package as it stands in src/.
export PYTHONPATH := src
# PyTorch with CUDA is gigabytes that no job here uses: taken only where a driver is, or on request.
TORCH ?= $(if $(shell command -v nvidia-smi),cuda,cpu)
ifeq ($(filter cpu cuda,$(TORCH)),)
$(error TORCH must be cpu or cuda, not '$(TORCH)')
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Where this index cannot be reached, pip takes the build of its own indexes.
CPU_BUILD := --no-deps --retries 0 --extra-index-url https://download.pytorch.org/whl/cpu torch
# Each job computes on one thread; Snakemake spreads the jobs over the cores.
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)
SMOKE := --configfile config/smoke.yaml

.PHONY: help setup figures smoke test faults check bench docs gallery clean
.DEFAULT_GOAL := help

help: ## List the commands.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(INSTALLED) ## Make the environment in .venv; TORCH=cpu or TORCH=cuda chooses the build.

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, not " + sys.version.split()[0] + "; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(if $(filter cpu,$(TORCH)),$(INSTALL) $(CPU_BUILD))
	$(INSTALL) -e '.[workflow,test]'
	@touch $@

figures: setup ## Run the study at paper scale: all figures, claims, the page and the report.
	$(SNAKEMAKE) all page
	$(SNAKEMAKE) report

smoke: setup ## Run the whole study at small settings, under results/smoke/.
	$(SNAKEMAKE) all page $(SMOKE)
	$(SNAKEMAKE) report $(SMOKE)

check: setup ## Check format, style and the workflow's form.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check --compact-diff workflow
	$(BIN)/snakemake --lint

test: check ## Run all checks and tests, a small study from end to end among them.
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

faults: setup ## Try every fault and 2,000 wrong configurations; `make test` tries a few.
	FAULTS=all $(BIN)/python -m pytest tests/faults

bench: setup ## Measure every speed claim side by side.
	$(INSTALL) -e '.[bench]'
	$(BIN)/python -m benchmarks

docs: setup ## Build the documentation as a static site, in site/.
	$(INSTALL) -e '.[workflow,docs]'
	$(BIN)/mkdocs build --strict

gallery: setup ## Publish a finished full run in docs/ and the README.
	$(BIN)/python docs/gallery.py

clean: ## Remove the results of the small study and all caches.
	rm -rf results/smoke site .pytest_cache .ruff_cache
