# `make help` says what there is. Needs Python 3.11 or newer, make and a package registry; nothing else.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
LOCK := requirements/dev.lock
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header $(LOCK_ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test up check looks lock clean

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## run the scripted customers through 45 days on a real Temporal server (KEEP=1: stay up afterwards)
	@echo "==> Running the demo"
	@$(RUN) -m sandbox.play.demo $(if $(KEEP),--keep)

test: $(STAMP) ## run the tests (ARGS="tests/domain -k money" for some of them)
	@echo "==> Running the tests"
	@$(RUN) -m pytest -n 2 --dist worksteal $(ARGS)

up: $(STAMP) ## start server, web UI, worker and provider stand-ins until Ctrl-C
	@echo "==> Starting the stand-in world"
	@$(RUN) -m sandbox.play.up

check: $(STAMP) ## run the linters, the type checker and the import rules
	@echo "==> Checking style, format, types and imports"
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

looks: $(STAMP) ## take pictures of every e-mail and compare them with the approved ones (needs Chromium; APPROVE=1: keep them)
	@echo "==> Taking pictures of every e-mail in every language"
	@$(RUN) -m tests.looks $(if $(APPROVE),--approve)

lock: ## pin the newest allowed versions again (LOCK_ARGS=--upgrade; needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: install it (pip install uv) and try again." >&2; exit 1; }
	@echo "==> Pinning dependencies into requirements/*.lock"
	@$(COMPILE) pyproject.toml -o requirements/runtime.lock
	@$(COMPILE) --group dev pyproject.toml -o $(LOCK)
	@$(COMPILE) requirements/toolchain.in -o requirements/toolchain.lock

clean: ## remove the virtual environment, caches and data of this checkout (the cached servers stay)
	@echo "==> Removing .venv, var and the tools' caches"
	@rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An install that was interrupted has left no stamp and is made again, into the same environment when that still runs.
$(STAMP): $(LOCK)
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer with venv is needed: install it, or name it (make PYTHON=/path/to/python3.12)." >&2; exit 1; }
	@echo "==> Installing the pinned packages into $(VENV) with $(PYTHON) (about a minute)"
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK) || \
		{ echo "The packages could not be installed: see pip's message above; check the connection to the package registry." >&2; exit 1; }
	@touch $@
