# Two commands for a fresh machine with Python 3.11+, make and git:
#   make lab    installs what is needed into .venv and opens JupyterLab on the first chapter
#   make test   installs what is needed and passes all tests (TORCH=1: those against PyTorch too)
PYTHON ?= python3
PORT ?= 8888
BIN := .venv/bin
NPROC := $(shell nproc 2>/dev/null || echo 2)

.PHONY: lab test book audit build lint scripts clean

lab: .venv/.lab
	$(BIN)/backprop lab --port $(PORT)

test: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(NPROC) --dist worksteal -q

book: .venv/.dev
	$(BIN)/backprop book

audit: .venv/.lab
	$(BIN)/backprop audit

build: .venv/.dev
	$(BIN)/backprop build

lint: .venv/.dev scripts
	$(BIN)/ruff check .
	$(BIN)/mypy

# The figures' scripts and styles: formatted, and every name is there. ARGS=--write mends them.
scripts: book/node_modules/.bin/biome
	book/node_modules/.bin/biome check $(ARGS)

book/node_modules/.bin/biome: book/package.json
	cd book && npm install --no-package-lock --silent
	touch $@

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; call make with PYTHON=python3.12, say.")'
	$(PYTHON) -m venv .venv

.venv/.lab: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

# PyTorch is large: tests that compare with it are skipped without it. CI always has it.
ifeq ($(CI),true)
TORCH ?= 1
endif

.venv/.dev: .venv/.lab pyproject.toml constraints.txt
	$(if $(TORCH),$(BIN)/python -m pip install --quiet --constraint constraints.txt torch)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[grade,book,dev]"
	touch $@

clean:
	rm -rf .venv book/_build book/_vendor .pytest_cache .mypy_cache .ruff_cache
