# Requires `make` and `python3` (3.11 or newer). `make` without arguments lists the commands.

VENV ?= .venv
PYTHON ?= python3
PORT ?= 8000
# The number of parallel test processes. `make test WORKERS=auto` uses every core.
WORKERS ?= 2

BIN := $(VENV)/bin
STAMP := $(VENV)/installed

# The test settings ignore the caller's environment variables, except TEST_DATABASE_URL.
MANAGE_TESTED = DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py

# `make run` uses development mode. For production settings set DEBUG=0 and the variables that .env.example requires.
DEBUG ?= 1
export DEBUG PORT

.DEFAULT_GOAL := help
.PHONY: help run demo test test-all coverage chaos test-clients bench bench-growth screenshots shown-screenshots messages golden check format requirements sbom clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r command text; do \
		printf '%-23s %s\n' "$$command" "$$text"; done

run: $(STAMP) ## start the service: web server and email worker, with demo data
	@$(BIN)/python manage.py serve

demo: $(STAMP) ## add demo data to an empty database, and print how to sign in
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo

test: $(STAMP) ## run every test on SQLite; on PostgreSQL, if a server responds, the tests that depend on the database
	@$(BIN)/python -m tests.run -n $(WORKERS) --dist worksteal $(ARGS)

test-all: $(STAMP) ## like test, but on both databases whatever uses them, and races, crashes and generated requests many times, as CI does
	@$(BIN)/python -m tests.run --full -n $(WORKERS) --dist worksteal $(ARGS)

coverage: $(STAMP) ## run the tests on SQLite and list the lines that no test reaches
	@$(BIN)/pytest -q --cov --cov-report term-missing:skip-covered -n $(WORKERS) $(ARGS)

test-clients: $(STAMP) ## run the vendors' published clients and generated clients against this service (some need Node and npm)
	@$(BIN)/python -m tests.clients.run $(ARGS)

screenshots: $(STAMP) ## take screenshots of every page and email, light and dark, wide and narrow, in var/screenshots/ (needs Chromium)
	@rm -rf var/screenshots
	@$(BIN)/pytest -q tests/browser/take_screenshots.py::test_take_every_scene -n 0 $(ARGS)

shown-screenshots: $(STAMP) ## take the screenshots that the README shows, in docs/screenshots/ (needs Chromium)
	@$(BIN)/pytest -q tests/browser/take_screenshots.py::test_take_the_shown_pictures -n 0 $(ARGS)

messages: $(STAMP) ## collect the texts of pages and emails in locale/, and compile the translations (needs gettext)
	@for tool in xgettext msgmerge msguniq msgfmt; do command -v $$tool >/dev/null || { \
		echo "make messages needs gettext; $$tool is missing (on Debian: apt install gettext)." >&2; exit 1; }; done
	$(MANAGE_TESTED) makemessages --all --no-wrap --no-obsolete --add-location file --ignore tests --ignore var
	$(MANAGE_TESTED) compilemessages --ignore $(VENV)
	@for file in locale/*/LC_MESSAGES/django.po; do msgfmt --statistics -o /dev/null $$file; done

chaos: $(STAMP) ## kill a hundred workers at each step of the delivery of an email, and print what happened; let a receiver of webhooks follow 10,000 actions
	@$(BIN)/python -m tests.run -n 0 --kills 100 --actions 10000 tests/outbox/test_crashes.py tests/webhooks/test_reference_receiver.py $(ARGS)

bench: $(STAMP) ## measure the CPU time of requests at a million invitations, compared with bare views and a plain project, and with better-auth if PEERS=1 (needs PostgreSQL)
	@$(BIN)/python -m bench

bench-growth: $(STAMP) ## measure how speed changes with the amount of data (as ratios), on SQLite or the PostgreSQL server in TEST_DATABASE_URL
	@$(BIN)/python -m tests.benchmarks.run

golden: $(STAMP) ## record the responses of the dialects as golden files; read the diff before you commit it
	@$(BIN)/pytest -q tests/dialects/test_golden.py --write-golden -n $(WORKERS)

check: $(STAMP) ## check formatting, lint, types, imports, migrations, OpenAPI documents and deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE_TESTED) makemigrations --check --dry-run
	$(MANAGE_TESTED) openapi --check
	$(BIN)/openapi-spec-validator docs/openapi/*.yaml
	DEBUG=0 SECRET_KEY=only-for-this-check-Zq3vN8xLw2RtYb7KsJd5Hc9Mf4Gp6Tz1 PUBLIC_BASE_URL=https://perfectworks.example \
		ALLAUTH_TRUSTED_PROXY_COUNT=1 $(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo "make check: all good"

format: $(STAMP) ## format the code, fix what can be fixed, write the OpenAPI documents, docs/credentials.md and docs/webhook-examples.md
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(MANAGE_TESTED) openapi
	$(MANAGE_TESTED) credentials > docs/credentials.md
	$(MANAGE_TESTED) webhook_examples > docs/webhook-examples.md

# One file for every platform and every Python from 3.11. Set UPGRADE=--upgrade to use newer versions.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url $(UPGRADE)
requirements: $(STAMP) ## pin the versions of requirements*.in in requirements*.txt
	$(COMPILE) requirements-uv.in --output-file requirements-uv.txt
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --constraints requirements.txt --output-file requirements-dev.txt
	$(COMPILE) tests/clients/generated_python/requirements.in --output-file tests/clients/generated_python/requirements.txt
	$(COMPILE) tests/clients/webhooks_python/requirements.in --output-file tests/clients/webhooks_python/requirements.txt
	$(COMPILE) tests/clients/zenml/requirements.in --output-file tests/clients/zenml/requirements.txt

sbom: $(STAMP) ## write the bill of materials (CycloneDX) of the pinned requirements in var/sbom.cdx.json
	@mkdir -p var
	@$(BIN)/cyclonedx-py requirements requirements.txt --output-reproducible --output-format JSON --output-file var/sbom.cdx.json

clean: ## remove the virtual environment and everything under var/
	rm -rf $(VENV) var tests/clients/*/node_modules bench/peers/node_modules

# The stamp is newer than the requirements only if they are installed.
$(STAMP): requirements-uv.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "PerfectWorks needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
		"Name another with: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "This Python cannot make virtual environments (on Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Installing the requirements into $(VENV) ..."
	@{ $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt; } \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
