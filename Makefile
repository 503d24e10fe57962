# make demo | test | serve | bench | lint | audit | locks: each does all that it needs, from a fresh
# clone on.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check
# Each package in the version of its lock, and as the very file: by SHA-256, whatever index sent it.
# Nothing is built here but bagit, which comes as source alone.
LOCKED := $(PIP) --require-hashes --no-deps --only-binary :all: --no-binary bagit
# PyTorch's other builds are other files. From an index or a folder of one's own it is held by its
# version; from the usual one by SHA-256, with the libraries for graphics processors that it brings.
TORCH = $(if $(PIP_EXTRA_INDEX_URL)$(PIP_FIND_LINKS)$(PIP_INDEX_URL),\
	$(PIP) --constraint constraints.txt torch,$(LOCKED) --requirement locks/torch.txt)

RUNTIME := .venv/.runtime-installed
SERVER := .venv/.server-installed
TOOLS := .venv/.tools-installed
AUDITOR := .venv/auditor
WEIGHTS := .venv/.weights-fetched
NETWORKS := transnetv2 whisper-tiny-en ppocr-v4 ffdnet-colour mtcnn face-mesh face-dlib voice-ge2e

# Prints what lists of pyproject.toml ask for, `dependencies` or optional ones, but PyTorch.
define ASKED
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
lists = {"dependencies": project["dependencies"], **project["optional-dependencies"]}
asked = [line for name in sys.argv[1:] for line in lists[name]]
print("\n".join(line for line in asked if not line.startswith("torch=")))
endef
export ASKED
LOCK = $(AUDITOR)/bin/uv pip compile - --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --constraint constraints.txt --custom-compile-command "make locks"
LOCKS := run server test audit torch

.PHONY: demo test serve bench lint install audit locks clean
.DEFAULT_GOAL := demo

.venv/bin/python:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "Python 3.11 or 3.12 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

$(RUNTIME): locks/run.txt locks/torch.txt | .venv/bin/python
	@echo "Installing what Reelproof needs (a minute or two, once)"
	@$(BIN)/python $(LOCKED) --requirement locks/run.txt
	@$(BIN)/python $(TORCH)
	@touch $@

# What a machine needs besides that works with a broker, a bucket or an institution of its own.
$(SERVER): locks/server.txt | $(RUNTIME)
	@$(BIN)/python $(LOCKED) --requirement locks/server.txt
	@touch $@

$(TOOLS): locks/test.txt $(RUNTIME) $(SERVER)
	@echo "Installing what the tests need"
	@$(BIN)/python $(LOCKED) --requirement locks/test.txt
	@touch $@

$(AUDITOR)/.installed: locks/audit.txt | .venv/bin/python
	@$(PYTHON) -m venv $(AUDITOR)
	@$(AUDITOR)/bin/python $(LOCKED) --requirement locks/audit.txt
	@touch $@

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

# Asks PyPI for the known faults of every package of every lock. One that it cannot be asked about
# is a failure.
audit: $(AUDITOR)/.installed
	@$(AUDITOR)/bin/pip-audit --strict --disable-pip $(LOCKS:%=--requirement locks/%.txt)

# Writes the locks anew from pyproject.toml and constraints.txt, which a person changes first.
locks: $(AUDITOR)/.installed
	@python=$(BIN)/python; asked() { $$python -c "$$ASKED" "$$@"; }; set -o pipefail; \
	asked dependencies speech faces aaf | $(LOCK) --output-file locks/run.txt && \
	asked brokers s3 sso | $(LOCK) --output-file locks/server.txt && \
	asked dev | $(LOCK) --output-file locks/test.txt && \
	asked audit | $(LOCK) --output-file locks/audit.txt && \
	grep '^torch==' constraints.txt | $(LOCK) --output-file locks/torch.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
