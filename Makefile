# make demo   an invented trial, a plan and a calendar, on a machine with only Python and make
# make serve  pages over a register of the invented trial, for a browser
# make test   everything the tests need, and the tests but for those of `make integration`
# make integration  the tests with browsers, servers, calendar programs and fresh environments
# make check  style, types, one-way imports
# make write  the texts that tests compare: outputs in the documentation, messages of broken files, the pages' texts for translators
# make bench  speed as ratios
# make mutants  300 small changes of the core, each against the tests that reach it: nine of ten should be noticed (some twenty minutes)
# make lock   new versions into the requirements files (needs uv)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
WHEELS := $(VENV)/wheels

.PHONY: demo serve test integration check write bench mutants lock clean

demo: $(VENV)/demo
	@rm -f $(VENV)/0012.ics
	@echo "The invented trial of examples/trial, whom to call:"; echo
	@cd examples/trial && ../../$(BIN)/dosing due --as-of 2025-07-07
	@cd examples/trial && ../../$(BIN)/dosing board --as-of 2025-07-07 --output ../../$(VENV)/board.html
	@echo; echo "Its board, for a browser: $(VENV)/board.html"; echo
	@$(BIN)/dosing plan --regimen mil62-rcp --start 2025-01-06 --subject 0012 --ics $(VENV)/0012.ics
	@echo; echo "The calendar $(VENV)/0012.ics, imported into khal:"; echo
	@$(BIN)/python examples/calendars/in_khal.py --month 2025-01-01 2025-07-31 $(VENV)/0012.ics

serve: $(VENV)/serve
	@$(BIN)/dosing serve --demo

test: $(VENV)/dev
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not integration" $(PYTEST)

integration: $(VENV)/dev
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m integration $(PYTEST)

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

write: $(VENV)/dev
	$(BIN)/python -m tests.language.test_study_file --write
	$(BIN)/python -m tests.simulation.assumptions.test_messages --write
	$(BIN)/python -m tests.subjects.tables.test_kept --write
	$(BIN)/python -m tests.study.test_checked --write
	$(BIN)/python -m tests.plans.test_kept --write
	$(BIN)/python -m tests.checks.test_kept --write
	$(BIN)/python -m tests.calendar.test_kept --write
	$(BIN)/python -m tests.checks.test_criteria_kept --write
	$(BIN)/python -m tests.checks.test_starts_kept --write
	$(BIN)/python -m tests.house.test_docs --write
	$(BIN)/python -m tests.house.test_transcripts --write
	$(BIN)/python -m tests.pages.translations

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

mutants: $(VENV)/dev
	$(BIN)/python -m tests.house.mutants $(MUTANTS)

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --quiet -o requirements.txt
	uv pip compile requirements-demo.in --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --quiet -o requirements-demo.txt
	uv pip compile requirements-serve.in --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --quiet -o requirements-serve.txt
	uv pip compile requirements-dev.in pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --quiet -o requirements-dev.txt
	uv pip compile requirements-browser.in --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --quiet -o requirements-browser.txt

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "this Python has no venv: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The program: locked dependencies, and the checkout itself, so that an edit shows at once.
$(VENV)/run: requirements.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (a minute, once)" >&2
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --editable .
	@touch $@

# A calendar program, to see a calendar in.
$(VENV)/demo: requirements-demo.txt $(VENV)/run
	$(PIP) install --require-hashes -r requirements-demo.txt
	@touch $@

# What a register and its pages need.
$(VENV)/serve: requirements-serve.txt $(VENV)/run
	$(PIP) install --require-hashes -r requirements-serve.txt
	@touch $@

# The tools, fetched once as wheels: the tests install the built package from these, without a network.
$(VENV)/dev: requirements-dev.txt requirements-browser.txt tests/js/package-lock.json $(VENV)/run
	@echo "fetching the test tools (a minute or two, once)" >&2
	$(PIP) download --require-hashes --only-binary :all: --dest $(WHEELS) -r requirements-dev.txt
	$(PIP) install --no-index --find-links $(WHEELS) --require-hashes -r requirements-dev.txt
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-browser.txt || echo "no playwright: the tests of pages in a browser will be skipped"
	@command -v chromium >/dev/null || echo "no chromium: the tests of pages in a browser will be skipped"
	@rm -rf $(VENV)/js && cp -R tests/js $(VENV)/js
	@if command -v npm >/dev/null; then npm ci --loglevel=error --no-audit --no-fund --prefix $(VENV)/js || echo "ical.js was not fetched: its tests will be skipped"; \
	else echo "no npm: the tests with ical.js will be skipped"; fi
	@touch $@
