# Two commands are all the set-up there is: `make demo` and `make test`. The rest is for people who change things.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9
ARGS ?=

.PHONY: schemathesis screenshots demo test check coverage-core mutation format lock provision soak exactly-once bench-starter bench-reminder bench-pause bench-forecast bench-simulate bench-messages bench-actions bench-console bench-rules bench-apply bench-import help
.DEFAULT_GOAL := help

# Whatever the shell says, compiled modules are kept: a run starts a hundred programs, each of which would compile
# the product anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## Say what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.installed: requirements.lock pyproject.toml
	@echo "duewell: installing the locked Python packages into $(VENV) (once, under a minute)"
	@$(PYTHON) -c 'import sys; sys.exit("duewell needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

provision: $(BIN)/.installed ## Fetch or build the servers that demo and tests run on (minutes once, then seconds)
	@$(BIN)/python -m devstack provision

demo: provision ## Run the whole product on a sample book; ARGS=--exit ends after the first round
	@exec $(BIN)/python -m devstack demo $(ARGS)

screenshots: provision ## Pictures of every page with the demo's book, wide and narrow, light and dark; needs chromium
	@exec $(BIN)/python -m devstack screenshots $(ARGS)

# Four processes on two cores: much of a test is waiting for a server.
test: provision ## Run every test against real servers; ARGS go to pytest
	@exec $(BIN)/python -m pytest -m "not soak" -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(BIN)/.installed ## ruff, mypy --strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

coverage-core: $(BIN)/.installed ## Demand that the tests of the core run every branch of it; half a minute
	@HYPOTHESIS_PROFILE=mutation NAIVE_SCENARIOS=300 $(BIN)/coverage run -m pytest tests/dunning --quiet \
		--confcutdir=tests/dunning $(ARGS)
	@$(BIN)/coverage report

mutation: $(BIN)/.installed ## Change the core in two thousand ways, and see that its tests notice (half an hour)
	@HYPOTHESIS_PROFILE=mutation HYPOTHESIS_SEED=1 NAIVE_SEED=1 NAIVE_SCENARIOS=300 $(BIN)/mutmut run $(ARGS)

soak: provision ## The long runs
	@exec $(BIN)/python -m pytest -m soak $(ARGS)

exactly-once: provision ## 2,000 messages and 42 kills by SMTP, with the setting ask, and by Resend; KILL_SEED=n repeats one
	@exec $(BIN)/python -m pytest tests/exactly_once -m soak -s $(ARGS)

bench-starter: provision ## The starter against a bare loop of start_workflow
	@$(BIN)/python -m benchmarks.starter $(ARGS)

bench-reminder: provision ## A reminder against a workflow of one timer and one activity
	@$(BIN)/python -m benchmarks.reminder $(ARGS)

bench-pause: provision ## A pause idle and while bulk work signals
	@$(BIN)/python -m benchmarks.pause $(ARGS)

bench-forecast: provision ## A year ahead of 100,000 collections, read from a ledger
	@$(BIN)/python -m benchmarks.forecast $(ARGS)

bench-simulate: $(BIN)/.installed ## Ten thousand scenarios in one file
	@$(BIN)/python -m benchmarks.simulate $(ARGS)

bench-actions: provision ## Pages of the lists of a million actions
	@$(BIN)/python -m benchmarks.actions $(ARGS)

bench-console: provision ## Every page of the console, over 100,000 open invoices and a million actions
	@$(BIN)/python -m benchmarks.console $(ARGS)

bench-messages: $(BIN)/.installed ## Messages from text to MIME, all shipped texts in all languages
	@$(BIN)/python -m benchmarks.messages $(ARGS)

bench-rules: $(BIN)/.installed ## One invoice against a thousand smart rules
	@$(BIN)/python -m benchmarks.rules $(ARGS)

bench-apply: provision ## Twenty rules applied to a million invoices against plain writes of the same rows
	@$(BIN)/python -m benchmarks.rule_application $(ARGS)

bench-import: provision ## A file of 100,000 invoices against COPY of the same rows
	@$(BIN)/python -m benchmarks.imports $(ARGS)

schemathesis: provision ## schemathesis against the API, all checks; ARGS="--seed 1 --max-examples 100" go to it
	@exec $(BIN)/python -m tests.api.fuzzed $(ARGS)

format: $(BIN)/.installed ## Let ruff lay out and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(BIN)/.installed ## Renew both locks from pyproject.toml: all packages, and those of production
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --upgrade --quiet --custom-compile-command "make lock" -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --upgrade --quiet --custom-compile-command "make lock" \
		-o requirements-runtime.lock
