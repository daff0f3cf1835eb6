# Two commands for a fresh machine with Python 3.11+, make and git:
#   make lab    installs what is needed into .venv and opens JupyterLab on the first chapter
#   make test   installs what is needed and passes all tests (TORCH=1, NBGRADER=1: those beside PyTorch and nbgrader too)
PYTHON ?= python3
PORT ?= 8888
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
NPROC := $(shell nproc 2>/dev/null || echo 2)

# PyTorch and nbgrader are large: what compares with them is skipped without them. CI has them.
ifeq ($(CI),true)
TORCH ?= 1
NBGRADER ?= 1
endif

.PHONY: lab test whole book audit build lint scripts window clean

lab: .venv/.lab
	$(BIN)/backprop lab --port $(PORT)

test: .venv/.dev $(if $(NBGRADER),.venv/nbgrader/.done)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(NPROC) --dist worksteal -q

# The same tests with every seed and every submission where make test takes a sample.
whole: .venv/.dev $(if $(NBGRADER),.venv/nbgrader/.done)
	$(BIN)/python -m pytest -n $(NPROC) --dist worksteal -q --whole

book: .venv/.dev
	$(BIN)/backprop book $(if $(REPOSITORY),--repository $(REPOSITORY))

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

# The moving picture with which the README begins; needs Chromium.
window: .venv/.dev
	$(BIN)/python -m exercises_lib.course.window

book/node_modules/.bin/biome: book/package.json
	cd book && npm install --no-package-lock --silent
	touch $@

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; call make with PYTHON=python3.12, say.")'
	$(PYTHON) -m venv .venv

.venv/.lab: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

# nbgrader brings a notebook server and a database along: into a folder of its own.
.venv/nbgrader/.done: .venv/.dev
	$(BIN)/python -m venv .venv/nbgrader
	$(BIN)/python -c 'import pathlib, sysconfig; next(pathlib.Path(".venv/nbgrader/lib").glob("python3*/site-packages")).joinpath("course.pth").write_text(str(pathlib.Path.cwd()) + "\n" + sysconfig.get_path("purelib") + "\n")'
	.venv/nbgrader/bin/python -m pip install --quiet "nbgrader>=0.9,<0.10"
	touch $@

.venv/.dev: .venv/.lab pyproject.toml constraints.txt
	$(if $(TORCH),$(BIN)/python -m pip install --quiet --constraint constraints.txt torch)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[grade,book,dev]"
	touch $@

clean:
	rm -rf .venv book/_build book/_vendor .pytest_cache .mypy_cache .ruff_cache
