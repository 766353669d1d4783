# Every target does its own set-up inside .venv and node_modules; nothing else is changed, except
# that root on Debian gets the packages that are missing (see tools/python, tools/browser,
# tools/faketime and tools/java).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test audit scan check scripts crash cluster-test soak fuzz clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Two workers: the browser tests want the second core for Chromium.
WORKERS ?= 2
PYTEST ?=
# The first seed of `make soak`: a new one every day, so that no two days walk the same way.
SEED ?= $(shell date +%y%m%d)0000
# What `make crash` is to do otherwise: --json, --payments 500, --seconds 10, --database sqlite.
CRASH ?=
# What `make cluster-test` is to do otherwise: --json, --quick, --events 3, --keep.
CLUSTER ?=
# How long `make fuzz` takes in all.
MINUTES ?= 12
# Browser tests run by themselves: Playwright keeps a loop running in their process, and tests that
# bring their own loop cannot share it.
RUN := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup
# A module's tests stay together: what they share is made once, and a test has the same neighbours
# in every run. In the order of the folders, whose last ones are short, no worker waits long.
RUN_BY_FILE := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# What pages look like, and what is said beside a payment, is the same on every database.
LOOKS := $(addprefix --ignore tests/browser/test_,agreement_pages.py pages.py reference.py seed_page.py \
	story_by_keyboard.py wallet_open.py)
BRIDGE := $(wildcard src/tillgate/cashier/static/bridge.js)

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo ## Buy a dress: start the whole system on this machine and say what to open.
	$(BIN)/tillgate demo

# The servers of the first two runs keep their records in SQLite, those of the last two in PostgreSQL.
# Each goes on when one before it failed, so that one run tells all.
# All of the browser's tests on PostgreSQL: TILLGATE_TEST_DATABASE=postgresql make test PYTEST=tests/browser
test: check scripts .venv/.dev ## Check everything, then run every test, a real browser included.
	browser=$$(tools/browser) && export TILLGATE_TEST_BROWSER="$$browser" && \
	faketime=$$(tools/faketime) && export TILLGATE_TEST_FAKETIME="$$faketime" && \
	java=$$(tools/java) && export TILLGATE_TEST_JAVA="$$java" && \
	if [ -n "$(PYTEST)" ]; then $(RUN) $(PYTEST); else \
		failed=0; \
		$(RUN_BY_FILE) --ignore tests/browser || failed=1; \
		$(RUN) tests/browser || failed=1; \
		export TILLGATE_TEST_DATABASE=postgresql; \
		$(RUN_BY_FILE) tests/e2e || failed=1; \
		$(RUN) $(LOOKS) tests/browser || failed=1; \
		exit "$$failed"; fi

check: .venv/.dev ## Lint, format, types, and the rules of the house (imports, sizes, public face).
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py tests/architecture

audit: .venv/.dev .venv/.audit ## Ask the advisory databases about every dependency; exit 1 on findings, 3 unasked.
	$(BIN)/python tools/audit.py

scan: .venv/.dev ## Scan a sandbox of its own for general web faults, with wapiti from Debian.
	$(BIN)/python tools/scan.py

scripts: node_modules/.ready ## Check the pages' JavaScript: types everywhere, ES5 in the bridge.
	node_modules/.bin/tsc --project tsconfig.json
	@set -e; for file in $(BRIDGE); do node_modules/.bin/acorn --ecma5 --silent "$$file"; done

crash: .venv/.dev ## Kill processes every second while 20 000 pay; PostgreSQL, then SQLite (20 minutes).
	$(BIN)/python -m tools.crash $(CRASH)

cluster-test: .venv/.dev ## Fail the leader of three machines ten times, under load (root on Debian; 12 minutes).
	$(BIN)/python -m tools.cluster $(CLUSTER)

soak: .venv/.dev ## Simulate one seed after the other, from SEED on, until Ctrl-C.
	$(BIN)/tillgate simulate --seed $(SEED) --seeds 0

fuzz: .venv/.dev ## Fuzz every parser and every door for MINUTES in all; what crashes becomes a test.
	$(BIN)/python -m tools.fuzz.run --minutes "$$(expr $(MINUTES) \* 3 / 4)"
	$(BIN)/python -m tools.fuzz.web --minutes "$$(expr $(MINUTES) / 4)"

clean: ## Remove what set-up made.
	rm -rf .venv node_modules

# --- set-up ---------------------------------------------------------------------------------

.venv/bin/python:
	python=$$(tools/python) && "$$python" -m venv .venv

# The demo needs no tool of ours, so it installs fewer packages and starts sooner.
.venv/.demo: pyproject.toml | .venv/bin/python
	@echo "Setting up, once: about a minute."
	$(PIP) install --quiet --editable '.[gateway]'
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	@echo "Setting up for tests, once: about a minute."
	$(PIP) install --quiet --editable '.[dev]'
	@touch .venv/.demo $@

# In an environment of its own: what the auditor needs is not what we are built with.
.venv/.audit: | .venv/bin/python
	$(BIN)/python -m venv .venv/audit
	.venv/audit/bin/python -m pip --disable-pip-version-check install --quiet 'pip-audit>=2.9,<3'
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo "The page checks need Node 20 or newer with npm. On Debian: sudo apt-get install nodejs npm" >&2; exit 3; }
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@
