# Everything a newcomer needs; `make help` lists it. Only Python 3.11, make and a package index are assumed.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found. Install Python 3.11 or name it: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "Creating the environment in $(VENV) (about 190 packages, a few minutes the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements.lock | grep --line-buffered -E '^(Collecting|Installing)' | awk '{n++; if (n % 20 == 0) print "  " n " packages so far"; fflush()}'; exit $${PIPESTATUS[0]}
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

.PHONY: env
env: $(READY) ## Create the environment from the lock file

.PHONY: demo
demo: $(READY) ## Make a synthetic province, run the DAGs, print where the report is
	$(BIN)/python scripts/demo.py

.PHONY: evaluate
evaluate: $(READY) ## Compare the demo's run with the truth behind its sample
	$(BIN)/python scripts/evaluate.py

.PHONY: test
test: $(READY) ## Run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: check
check: $(READY) ## Lint, format, types, import borders, rule files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m sosach.checks.lint

.PHONY: up
up: $(READY) ## Airflow's web page on this machine (Ctrl-C stops it)
	$(BIN)/python scripts/up.py

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml --output-file requirements.lock

.PHONY: clean
clean: ## Remove the environment, the demo's data and caches; never the data of an installation
	rm -rf $(VENV) var/demo var/airflow build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
