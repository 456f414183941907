# Everything here makes its own environment in .venv first; a second call finds it and starts at once.

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r

# The first Python that is new enough; `make PYTHON=/path/to/python3 ...` overrules.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)

RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp

# Tests start Python some hundred times, and pytest rewrites each of their files: what was compiled once is kept, whatever the caller's habit.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check test-slow bench docs lock format messages clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## a retention review of a real shop, from its real orders; then the application on them, until Ctrl-C
	$(BIN)/regulars demo --folder regulars-demo
	$(BIN)/regulars up --workspace regulars-demo

test: $(DEV) ## the whole suite but the slowest, under ten minutes on two cores
	$(BIN)/pytest -q -n 2 -m "not slow"

check: $(DEV) ## what to run before a commit: format, lint, types, imports, fast tests; under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 -m "not slow and not suite"

test-slow: $(DEV) ## the tests that take minutes
	$(BIN)/pytest -q -n 2 -m slow

bench: $(DEV) ## measured speed and memory, as ratios of one run
	$(BIN)/python benchmarks/run.py

docs: $(DEV) ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(DEV) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(DEV) ## what the application says, into the German catalogue; names what has no German words yet
	$(BIN)/python -m tests.regulars_server.console.messages

# Both locks hold for every platform and Python from 3.11 on. They carry hashes and no address, so that any index will do.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	pyproject.toml --group build

lock: $(DEV) ## resolve the two locks again; UPGRADE=1 takes newer releases
	$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group dev --all-extras -c requirements.lock -o requirements-dev.lock

clean: ## forget the environment and everything that was built
	rm -rf $(VENV) site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none of python3.11 ... python3 is. Install it, or: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	$(LOCKED) requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(LOCKED) requirements-dev.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $@
