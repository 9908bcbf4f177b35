# Every target sets up what it needs by itself. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EXAMPLE := gym-anytrading==2.0.0

.PHONY: demo test test-all check bench docs clean

# One stamp a set of packages: it is redone when the requirements change.
$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -c constraints.txt -e '.[nets]'
	$(PIP) --no-deps $(EXAMPLE)
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.base  ## The whole journey on real bars; ends with the report's path
	$(BIN)/barwise demo

test: $(VENV)/.dev  ## The tests, in a few minutes
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-all: $(VENV)/.dev  ## The slow tests too
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not gpu and not network"

check: $(VENV)/.dev  ## Lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## Speed beside peers and limits; prints ratios
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev  ## Write the page of columns, execute the notebook
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/execute.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
