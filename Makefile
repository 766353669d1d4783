# Every target does its own set-up inside .venv and node_modules; nothing else is changed, except
# that root on Debian gets the packages that are missing (see tools/python and tools/browser).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check scripts clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Two workers: the browser tests want the second core for Chromium.
WORKERS ?= 2
PYTEST ?=
# Browser tests run by themselves: Playwright keeps a loop running in their process, and tests that
# bring their own loop cannot share it.
RUN := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup
BRIDGE := $(wildcard src/tillgate/cashier/static/bridge.js)

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo ## Buy a dress: start the whole system on this machine and say what to open.
	$(BIN)/tillgate demo

test: check scripts .venv/.dev ## Check everything, then run every test, a real browser included.
	browser=$$(tools/browser) && export TILLGATE_TEST_BROWSER="$$browser" && \
	if [ -n "$(PYTEST)" ]; then $(RUN) $(PYTEST); else \
		$(RUN) --ignore tests/browser && $(RUN) tests/browser; fi

check: .venv/.dev ## Lint, format, types, and the rules of the house (imports, sizes, public face).
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py tests/architecture

scripts: node_modules/.ready ## Check the pages' JavaScript: types everywhere, ES5 in the bridge.
	node_modules/.bin/tsc --project tsconfig.json
	@set -e; for file in $(BRIDGE); do node_modules/.bin/acorn --ecma5 --silent "$$file"; done

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

node_modules/.ready: package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo "The page checks need Node 20 or newer with npm. On Debian: sudo apt-get install nodejs npm" >&2; exit 3; }
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@
