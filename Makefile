# Everything happens in a virtual environment that the first target to need it makes.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DISTRIBUTIONS := models/tiny plugins/classification plugins/ner plugins/generation
PROJECTS := core/pyproject.toml $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
DEMO := examples/entity-sentiment

# Two OpenMP threads on a busy machine are slower than one: tests and the demo leave it at the number of cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo test test-causes test-fast lint format docs bench clean

install: $(VENV)/.installed ## everything, editable, as tested

$(VENV)/.installed: constraints.txt $(PROJECTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e "core[train,data,constrained,generate,test]" $(addprefix -e ./,$(DISTRIBUTIONS)) ruff mypy types-PyYAML
	touch $@

demo: $(VENV)/.installed ## train, evaluate and report the README's example
	$(BIN)/tune run $(DEMO)

test: $(VENV)/.installed ## every test that needs no GPU, but for the planted causes
	$(BIN)/python -m pytest -m "not causes"

test-causes: $(VENV)/.installed ## planted causes of failure, each trained and diagnosed
	$(BIN)/python -m pytest -m causes

test-fast: $(VENV)/.installed ## without training anything
	$(BIN)/python -m pytest -m "not slow and not causes"

lint: $(VENV)/.installed ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy core/src $(addsuffix /src,$(DISTRIBUTIONS)) tools benchmarks

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed ## regenerate the command reference
	$(BIN)/python -m tasktune.cli.docs docs/cli.md

bench: $(VENV)/.installed ## all limits that the README claims; minutes each, see benchmarks/README.md
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) examples/*/versions
