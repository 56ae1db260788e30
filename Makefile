.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help test-unit lint

help: ## Say what each command does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[site,serving,local,dev]'
	touch $@

test-unit: $(STAMP) ## Run the unit tests: seconds, no service
	$(BIN)/pytest -q tests/unit tests/contracts

lint: $(STAMP) ## Check style, types, boundaries and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy hub marketplace serving plugins tests
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
