# Two commands for a newcomer: `make run` (try it) and `make test` (prove it). Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test fast storms soak mutations bench package diagram screenshots clean

run: .venv/ready
	@$(BIN)/homeport run $(ARGS)

test: .venv/ready
	@sh host_tests/install_tools.sh
	$(BIN)/ruff check .
	$(BIN)/pytest -n 4 --dist loadfile

# What needs no virtual board, no browser and no more than seconds.
fast: .venv/ready
	$(BIN)/pytest -n 2 --dist loadfile -m "not board and not browser and not slow"

# Seeded storms through the device's own code on fakes: SEEDS=a..b, or one seed to see its timeline. Half an hour.
SEEDS ?= 0..200000
storms: .venv/ready
	@$(BIN)/python -m host_tests.storms --seeds $(SEEDS) $(ARGS)

# A month of hourly outages on the virtual board: heap, sockets and flash are to stay as they are. About ten minutes.
soak: .venv/ready
	@$(BIN)/python -m host_tests.soak $(ARGS)

# One-line sabotages of the firmware, each of which has to turn its test red. About a minute.
mutations: .venv/ready
	@$(BIN)/python -m host_tests.mutations $(ARGS)

# Figures, not pass or fail: heap on 32 bits, bytes and requests up to the page, time to connected. Under two minutes.
bench: .venv/ready
	@$(BIN)/python -m host_tests.bench

# What `mpremote mip install` takes from this repository: to be made anew and committed with the firmware.
package: .venv/ready
	@$(BIN)/homeport package mip --listing package.json

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
	rm -rf .venv .homeport build dist host_tests/node_modules *.egg-info
