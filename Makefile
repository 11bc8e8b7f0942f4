# `make run` starts everything, `make test` tries everything, `make help` lists the rest.
# Paths stay relative: the checkout may lie in a folder with spaces.
SHELL = /bin/sh
BIN = .venv/bin
PYTHON =
PORT ?= 8000
.DEFAULT_GOAL = help
.PHONY: help run test check schema load growth screenshots messages constraints install clean

help: ## List what make can do here
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## /\1: /p' Makefile | awk -F': ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: install ## Install what is missing, start everything, print the addresses
	@mkdir -p "$${VAR_FOLDER:-var}" 2>/dev/null && [ -w "$${VAR_FOLDER:-var}" ] || \
	  { echo "Cannot write to $${VAR_FOLDER:-var}: the database and keys live there." >&2; exit 1; }
	@exec $(BIN)/python manage.py start

test: install .venv/.tested-with ## Run the whole test suite (ARGS="-k word" for a part)
	@exec $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)

check: install .venv/.tested-with ## Format, lint, types, imports, templates, migrations, schema
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy .
	$(BIN)/lint-imports
	git ls-files -z '*/templates/*.html' | xargs -0 $(BIN)/djade --target-version 5.2 --check
	git ls-files -z '*.py' | xargs -0 $(BIN)/python -m django_upgrade --target-version 5.2 --check
	$(BIN)/python manage.py makemigrations --check
	HAS_TLS=true $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

schema: install ## Renew docs/openapi.yaml, the schema of the API that clients may rely on
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

load: install .venv/.tested-with ## Load with a verdict, on a running Smart 311 or (PROFILE=steady) a stack of its own
ifeq ($(strip $(PROFILE)),)
	@exec $(BIN)/python -m locust -f locust/locustfile.py --headless --only-summary \
	  --profile smoke --duration 30s --stop-timeout 10 --host "http://127.0.0.1:$(PORT)" $(ARGS)
else
	@exec $(BIN)/python locust/run.py --profile $(PROFILE) \
	  $(if $(DURATION),--duration $(DURATION)) $(if $(ROWS),--rows $(ROWS)) $(ARGS)
endif

bench: install var/bench-venv/.installed ## Forecasts beside FastAPI, in under ten minutes; writes docs/benchmarks.md
	@exec $(BIN)/python benchmarks/forecasts.py --python var/bench-venv/bin/python $(ARGS)

bench-filing: install .venv/.tested-with ## What filing costs, beside a plain DRF create and pgbench
	@exec $(BIN)/python benchmarks/filing.py $(ARGS)

bench-steady: install ## A minute of 10 POST/s and 100 GET/s on a running Smart 311
	@exec $(BIN)/python benchmarks/steady.py --host "http://127.0.0.1:$(PORT)" $(ARGS)

growth: install .venv/.tested-with ## Whether pages read more as 50,000 complaints become 500,000
	@GROWTH_ROWS=500000 $(BIN)/python -m pytest dashboard/tests/test_growth.py $(ARGS)

screenshots: install .venv/.tested-with ## Pictures of a running Smart 311's pages, and the README's
	@exec $(BIN)/python -m dashboard.tests.screenshots "http://127.0.0.1:$(PORT)" $(ARGS)

messages: install ## Renew the Spanish catalogues from the code (needs gettext), then compile them
	$(BIN)/python manage.py makemessages --locale es --no-location --no-wrap --no-obsolete \
	  --ignore node_modules --ignore '*/tests/*' --ignore smart311 --ignore predictions --ignore benchmarks
	$(BIN)/python manage.py compilemessages --locale es --ignore .venv --ignore node_modules

constraints: .venv/.created ## Renew constraints.txt: every package that the requirements pull in
	rm -rf var/pins && $(BIN)/python -m venv var/pins
	var/pins/bin/python -m pip install --quiet --requirement requirements-dev.txt
	var/pins/bin/python -m pip freeze | LC_ALL=C sort -f > constraints.txt
	rm -rf var/pins

clean: ## Remove what was installed and built; the database in var/ stays
	rm -rf .venv node_modules var/static .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

install: .venv/.runs-with node_modules/.installed

.venv/.created: .ci/find-python
	@python=$$(.ci/find-python "$(PYTHON)") && echo "Creating .venv with $$python …" && \
	  "$$python" -m venv .venv && touch $@

.venv/.runs-with: .venv/.created requirements.txt constraints.txt
	@.ci/pip-install requirements.txt && touch $@

.venv/.tested-with: .venv/.runs-with requirements-dev.txt
	@.ci/pip-install requirements-dev.txt && touch $@

var/bench-venv/.installed: .venv/.runs-with requirements-bench.txt .ci/bench-install
	@echo "Installing requirements-bench.txt …" && .ci/bench-install

node_modules/.installed: .venv/.runs-with package.json package-lock.json .npmrc
	@.ci/npm-install && touch $@
