# Two commands for a newcomer: `make run` (try it) and `make test` (prove it). Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test fast bench diagram screenshots clean

run: .venv/ready
	@$(BIN)/homeport run $(ARGS)

test: .venv/ready
	@sh host_tests/install_tools.sh
	$(BIN)/ruff check .
	$(BIN)/pytest -n 4 --dist loadfile

# What needs no virtual board: seconds.
fast: .venv/ready
	$(BIN)/pytest -m "not board and not browser and not slow"

# Figures, not pass or fail: heap on 32 bits, bytes and requests up to the page, time to connected. Under two minutes.
bench: .venv/ready
	@$(BIN)/python -m host_tests.bench

diagram: .venv/ready
	@$(BIN)/homeport model --write docs/state-machine.md

# The pictures in docs/screenshots, by both browsers.
screenshots: .venv/ready
	@sh host_tests/install_tools.sh
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test,docs]"
	@$(BIN)/python -m host_tests.screenshots

# Installed again whenever the dependencies change.
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

clean:
	rm -rf .venv .homeport build dist node_modules *.egg-info
