# Everything a person or a machine runs. Each target sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo
PRODUCTS := 2000
# Whole files to two processes: fixtures that train something are made once. In the order of tests/conftest.py.
SPREAD := --numprocesses 2 --dist loadfile --no-loadscope-reorder

WHEELS := .wheels
# The GPU machine of `benchmarks/gpu.py`, whose own Python is 3.12.
GPU_MACHINE := --python-version 3.12 --implementation cp --platform manylinux_2_28_x86_64 \
	--platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64

.PHONY: setup test test-slow lint demo serve ui lock gpu-wheels clean

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one with make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The tests that need neither hours nor the real products; those run too where RAKUTEN_SHARED_DATA is.
test: $(READY)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -m "not slow" $(SPREAD)

test-slow: $(READY)
	$(BIN)/python -m pytest $(SPREAD)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The main job on a generated dump. Again: nothing is done twice. `make demo PRODUCTS=500` is a shorter one.
demo: $(READY)
	$(BIN)/rakuten demo-dump $(DEMO)/dump --products $(PRODUCTS)
	RAKUTEN_OUTPUTS=$(DEMO)/outputs $(BIN)/rakuten retrain --dump $(DEMO)/dump --plan demo
	RAKUTEN_OUTPUTS=$(DEMO)/outputs $(BIN)/rakuten predict --dump $(DEMO)/dump --output $(DEMO)/submission.csv
	@echo
	@RAKUTEN_OUTPUTS=$(DEMO)/outputs $(BIN)/rakuten show
	@echo "submission             $(DEMO)/submission.csv"
	@echo
	@echo "The run in the Prefect UI:  RAKUTEN_OUTPUTS=$(DEMO)/outputs make ui   and open the address above"

# Prefect's server and UI with a worker and all deployments: nightly runs, backfills, dumps that arrive. Ctrl-C ends it.
serve: $(READY)
	$(BIN)/rakuten serve

ui: $(READY)
	$(BIN)/rakuten ui

# Pins every dependency with its digests; needs uv, which nothing else does.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header \
		--quiet --output-file requirements.txt

# Packages that `benchmarks/gpu.py` needs on a machine without network, which has JAX and no Keras.
gpu-wheels:
	rm -rf $(WHEELS)
	$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
		$(GPU_MACHINE) --requirement benchmarks/gpu_wheels.txt --dest $(WHEELS)

clean:
	rm -rf $(VENV) $(DEMO) $(WHEELS) outputs
