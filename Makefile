# make demo | test | serve | bench | lint: each does all that it needs, from a fresh clone on.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

RUNTIME := .venv/.runtime-installed
TOOLS := .venv/.tools-installed
WEIGHTS := .venv/.weights-fetched
NETWORKS := transnetv2 whisper-tiny-en ppocr-v4 ffdnet-colour mtcnn face-mesh face-dlib voice-ge2e

# Prints the requirements of pyproject.toml; an argument adds one of its optional lists.
REQUIREMENTS = $(BIN)/python -c 'import sys, tomllib; \
	project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	optional = project["optional-dependencies"]; \
	print("\n".join(project["dependencies"] + sum((optional[n] for n in sys.argv[1:]), [])))'

.PHONY: demo test serve bench lint install clean
.DEFAULT_GOAL := demo

.venv/bin/python:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "Python 3.11 or 3.12 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

$(RUNTIME): pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what Reelproof needs (a minute or two, once)"
	@$(PIP) -r <($(REQUIREMENTS) speech faces aaf)
	@touch $@

$(TOOLS): pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what Reelproof and its tests need (a minute or two, once)"
	@$(PIP) -r <($(REQUIREMENTS) speech faces aaf brokers s3 sso dev)
	@touch $(RUNTIME) $@

# Into the user's cache folder, once; from then on no network is needed.
$(WEIGHTS): restoration/weights.toml | $(RUNTIME)
	@if $(BIN)/python -m restoration weights fetch $(NETWORKS) >/dev/null; then touch $@; else \
		echo "NOT FETCHED: the stages named above run without their network until they can be"; fi

install: $(RUNTIME) $(WEIGHTS)

# The main job on the demo reel, or on a film of your own: make demo FILM=/path/to/film RATE=18
demo: $(RUNTIME) $(WEIGHTS)
	@$(BIN)/python manage.py demo $(if $(FILM),--film "$$FILM") $(if $(RATE),--rate "$$RATE")

# Everything on http://127.0.0.1:8000/ until Ctrl-C; PORT=8001 chooses another port.
serve: $(RUNTIME) $(WEIGHTS)
	@exec $(BIN)/python manage.py up

lint: $(TOOLS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy .

# PYTEST='-k words -x' passes arguments on.
test: lint $(WEIGHTS)
	@.ci/tests $(PYTEST)

# The numbers of docs/benchmarks.md; those of the stages need DATA=/path/to/test/films.
bench: $(TOOLS) $(WEIGHTS)
	@.ci/benchmarks

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
