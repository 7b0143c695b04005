# `make` lists the commands. Everything runs from .venv, which is made when it is needed.

.DEFAULT_GOAL := help
PYTHONS := python3.13 python3.12 python3 /usr/local/bin/python3 /usr/bin/python3
# A version manager's shim may be on the PATH and still not run, so each is tried.
PYTHON ?= $(shell for python in $(PYTHONS); do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; \
	then echo $$python; break; fi; done)
BIN := .venv/bin
READY := .venv/ready
TEMPLATES := find templates -name '*.html'
# tests/workers.py says which tests stay together on one worker.
PYTEST = $(BIN)/python -m pytest --numprocesses 2 $(EVERYTHING) $(ARGS)

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(READY) ## Set everything up and run the site (PORT=8001 make run: another port)
	@$(BIN)/python -m alarmroom.development.bootstrap
	@exec $(BIN)/python manage.py develop

.PHONY: test
test: test-sqlite test-postgres ## Run every test on SQLite and in Chromium, and those marked so on PostgreSQL

.PHONY: test-all
test-all: EVERYTHING = --everything
test-all: test ## Run every test on both databases, as each night

.PHONY: test-sqlite
test-sqlite: $(READY) ## Run every test on SQLite (ARGS="-k name" picks some)
	@$(PYTEST)

.PHONY: test-postgres
test-postgres: $(READY) ## Run the tests marked so on a throw-away PostgreSQL
	@$(BIN)/python -m tests.throwaway_postgres -- $(PYTEST)

.PHONY: check
check: $(READY) ## Format, lint, types, import rules, deployment settings, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(TEMPLATES) | xargs $(BIN)/djade --target-version 6.1 --check
	@ENV_FILE= DEBUG=on $(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m tests.production manage.py check --deploy --fail-level WARNING
	@$(BIN)/python -m tests.production manage.py makemigrations --check --dry-run

.PHONY: format
format: $(READY) ## Format the code and the templates
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(TEMPLATES) | xargs $(BIN)/djade --target-version 6.1

.PHONY: bench
bench: $(READY) ## Measure pages, mails, searches and the desk (`make bench desk`: that alone)
	@$(BIN)/python -m bench $(or $(ARGS),$(filter $(BENCHES),$(MAKECMDGOALS)))

# So that `make bench desk` names a part, and is no second thing to make.
BENCHES := web delivery million search desk
ifneq ($(filter bench,$(MAKECMDGOALS)),)
.PHONY: $(BENCHES)
$(BENCHES):
	@:
endif

.PHONY: torture
torture: $(READY) ## Kill workers, databases and mail servers while issues are sent (ARGS="races --short": some)
	@$(BIN)/python -m torture $(ARGS)

.PHONY: audit
audit: $(READY) ## Lighthouse, axe and the Nu HTML checker over every page type
	@$(BIN)/python -m audit $(ARGS)

.PHONY: guide
guide: $(READY) ## Take the screenshots of the editors' guide anew (ARGS="home": some)
	@$(BIN)/python -m audit.guide $(ARGS)

.PHONY: looks
looks: $(READY) ## Screenshots of every page and mail side by side, in looks/index.html (ARGS="article": some)
	@$(BIN)/python -m audit.looks $(ARGS)

.PHONY: lock
lock: $(READY) ## Renew requirements.txt and requirements-dev.txt from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

# The files hold names, versions and hashes. Each machine's pip configuration says where packages
# come from.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

$(READY): requirements-dev.txt
	@test -w . || { echo "$(CURDIR) cannot be written: make it writable, or copy the project to a folder of yours." >&2; exit 1; }
	@test -n "$(PYTHON)" || { echo "Python 3.12 or newer is needed, and none of these is: $(PYTHONS). Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("$(PYTHON) is too old: Python 3.12 or newer is needed." if sys.version_info < (3, 12) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module: install it (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (about half a minute, once)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
