.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TRAINING := $(VENV)/.training
DATA_DIR ?= var
PORT ?= 8000
# Torch threads that wait by spinning make each other many times slower on a busy small machine.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: simulate base eval-base upscaler test-clients help demo test test-unit test-browser test-services smoke faults lint nightly docs translations clean soak bench-%

help: ## Say what each command does
	@grep -E '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: $(STAMP) ## Set everything up and run the whole hub on this machine; Ctrl-C stops it
	@$(BIN)/irodori up --data-dir $(DATA_DIR) --port $(PORT)

test: $(STAMP) ## Set everything up and run the test suite on the embedded stack
	$(BIN)/pytest -q -n 2 --dist loadgroup --no-loadscope-reorder -m "not slow"

test-unit: $(STAMP) ## Run the unit tests: seconds, no service
	$(BIN)/pytest -q -n 2 -m "not torch and not slow" tests/unit tests/contracts

test-browser: $(STAMP) ## Drive the main job in Chromium
	$(BIN)/pytest -q -m "browser and not slow"

test-services: $(STAMP) ## Run the marked tests on PostgreSQL, Redis and RabbitMQ (HUB_TEST_..._URL, default localhost)
	HUB_TEST_SERVICES=1 $(BIN)/pytest -q -m services $$(grep -rl --include='test_*.py' 'mark\.services' tests)
	HUB_TEST_SERVICES=1 HUB_TEST_BROKER=amqp $(BIN)/pytest -q tests/services
	$(BIN)/python -m tests.e2e.faults --short

test-clients: $(STAMP) ## Drive the hub with other people's programs, unmodified, each in an environment of its own; CLIENTS='-k "not async"'
	$(BIN)/pytest -q -rs tests/clients $(CLIENTS)

smoke: $(STAMP) ## Drive the main job over HTTP on an empty stack and check images, money and crashes
	@$(BIN)/python -m tests.e2e.smoke

faults: $(STAMP) ## Race and kill the hub on a PostgreSQL of its own, then check its books; FAULTS="--short --seed 7"
	@$(BIN)/python -m tests.e2e.faults $(FAULTS)

lint: $(STAMP) ## Check style, types, boundaries and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy hub marketplace serving plugins tests bench docs training
	$(BIN)/mypy --config-file sdk/pyproject.toml sdk
	$(BIN)/lint-imports
	HUB_DATABASE_URL=sqlite:///:memory: $(BIN)/python manage.py makemigrations --check --dry-run --skip-checks
	$(BIN)/python manage.py check --fail-level WARNING

base: $(TRAINING) ## Train the small base and its styles from openly licensed artwork: hours on two cores
	$(BIN)/python -m training.run vae
	$(BIN)/python -m training.run text
	$(BIN)/python -m training.run base
	$(BIN)/python -m training.run styles
	$(BIN)/python -m training.run few-step
	$(BIN)/python -m training.run evaluate --base var/training/base --styles var/training/styles
	$(BIN)/python -m training.run ship

upscaler: $(TRAINING) ## Train the small upscaler from the same artwork: a quarter of an hour on one core
	$(BIN)/python -m training.run upscale

eval-base: $(TRAINING) ## Measure whether the shipped base draws what it is asked for; writes var/bench/base.json
	$(BIN)/python -m training.run evaluate

docs: $(STAMP) ## Write the generated reference pages again
	$(BIN)/python -m docs.generate

translations: $(STAMP) ## Bring each language's catalogue up to date with the sources, and compile it
	@HUB_DATABASE_URL=sqlite:///:memory: $(BIN)/python -m docs.translations

bench-%: $(STAMP) ## Measure NAME, print a table and write var/bench/NAME.json; bench-start, -serving, -gpu, -merged, -company, -ledger, -api
	@$(BIN)/python -m bench.$*

soak: $(STAMP) ## Send 10,000 requests, a few of them broken, to one engine and compare every image; SOAK="--requests 300 --seed 7"
	@$(BIN)/python -m bench.soak $(SOAK)

simulate: $(STAMP) ## Play 10,000 random histories of money and check its laws after each step; SIMULATE="--first 4711 --seeds 1", or "--bugs"
	@$(BIN)/python -m tests.simulation $(or $(SIMULATE),--seeds 10000)

nightly: $(STAMP) ## What is too long for every change: slow tests, smoke twice, all faults, start-up times
	$(BIN)/pytest -q -m slow
	$(BIN)/python -m tests.e2e.smoke
	$(BIN)/python -m tests.e2e.smoke
	$(BIN)/python -m tests.e2e.faults
	$(MAKE) bench-start

clean: ## Remove what the tools left behind; keeps .venv and var
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt sdk/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "Irodori needs Python 3.11. Install it (Debian: apt-get install python3.11-venv), or name it: make demo PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python can't make virtual environments yet. On Debian: apt-get install python3.11-venv"; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[site,serving,local,dev]' -e './sdk[verify]'
	@touch $@

$(TRAINING): $(STAMP) training/package-lock.json
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[site,serving,local,dev,training]'
	npm --prefix training ci --no-audit --no-fund
	@touch $@
