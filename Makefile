# make demo | test | check: each sets up .venv first if it has to. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
RUN := runs/demo
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: help setup demo test test-full check format clean

help:
	@echo "make demo    train, draw, export and score FactorVAE on dSprites (about five minutes on two CPU cores)"
	@echo "make test    run the test suite"
	@echo "make test-full  the long list of checks of every model with every prior (about half an hour)"
	@echo "make check   format, lint and types, as CI runs them"
	@echo "make format  let ruff mend what it can"
	@echo "make setup   make .venv with the tested versions"

setup: .venv/installed

.venv/installed: setup.py constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

demo: setup
	bin/train --gin_file=demo.gin --output_dir=$(RUN) --overwrite
	bin/visualize --run_dir=$(RUN)
	bin/export --run_dir=$(RUN)
	bin/evaluate --run_dir=$(RUN) --gin_file=metrics/quick.gin

test: setup
	$(BIN)/pytest -n auto --dist loadgroup

test-full: setup
	$(BIN)/pytest -n auto --dist loadgroup -m full

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv build *.egg-info runs
