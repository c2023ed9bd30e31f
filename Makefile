# Two commands: `make demo` looks at a checked report of a digital phantom; `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests sync what they record at every step; in memory, where there is room, they need not wait for a disk. Others may pass
# through the folder, for PostgreSQL's server is another user.
MEMORY := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm | awk 'NR == 2 { print $$4 }')" -gt 4000000 ] && echo /dev/shm || echo /tmp)

.PHONY: demo test check clean

demo: $(VENV)/.installed
	$(BIN)/readingroom demo

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	place=$$(mktemp -d $(MEMORY)/rr.XXXX); chmod 711 "$$place"; trap 'rm -rf "$$place"' EXIT; \
	TMPDIR=$$place PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Reading Room needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[test]
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info
