# From a fresh clone, with Python >= 3.11, pip and make.
PYTHON ?= python3
STEPS ?= 100000
BIN := .venv/bin

.PHONY: help verify docs diagnose recipes versions bench tpu gpu wheel test test-alone test-all test-source test-accelerators \
  coverage fuzz lint dist clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /: /'

verify: .venv/ready ## step torch and jaxlr side by side for every recipe, STEPS steps each
	$(BIN)/python -m parity --steps $(STEPS) --output verify --force

diagnose: .venv/ready ## verify pairs whose difference is known, and print which are named; ARGS="--set public"
	$(BIN)/python -m parity.diagnose $(ARGS)

recipes: .venv/ready ## convert every found recipe and print the table; ARGS="--set 'held out'"
	$(BIN)/python -m parity.found $(ARGS)

versions: wheel .venv/ready ## tests/ and parity/ on each Python and jax at hand, torch's rules of each torch; ARGS="--only '3.12 jax 0.8'"
	$(BIN)/python -m parity.versions_matrix $(ARGS)

bench: .venv/ready ## measure jaxlr beside torch, Optax and braintools, on an otherwise idle machine
	$(BIN)/python -m benchmarks --output bench

tpu: .venv-tpu/ready ## compile every class for a TPU, without one, and run the programs; ARGS="--only Cosine"
	.venv-tpu/bin/python -m benchmarks.tpu $(ARGS)

# The driver's own tool says whether a gigabyte of CUDA is worth fetching.
GPU_VENV := $(if $(shell command -v nvidia-smi),.venv-gpu,.venv)
gpu: $(GPU_VENV)/ready ## measure every class on a GPU, where there is one
	$(GPU_VENV)/bin/python -m benchmarks.gpu $(ARGS)

# What ships is tested: the wheel, from an empty folder, first with the run dependencies alone.
wheel: # what ships, and the tests beside it
	rm -rf build/wheel && mkdir -p build/wheel/empty
	$(PYTHON) -m pip wheel -q --no-deps -c constraints.txt -w build/wheel .
	cp -r tests parity examples benchmarks docs README.md pyproject.toml build/wheel/empty

# What one test has compiled no other need compile, in either worker or run.
CACHED := JAX_COMPILATION_CACHE_DIR=$(CURDIR)/build/wheel/programs JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
  JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1

# The tests that are marked thorough are more of the same: every recipe where `make test` takes one of each class, a
# million steps, every pair of classes.
# Pip has one thread: it fetches the extras beside the tests that need none.
test: wheel ## tests/ and parity/ on the built wheel, one of each kind
	$(MAKE) -j 2 test-alone .venv-extras
	cd build/wheel/empty && $(CACHED) ../../../.venv-extras/bin/python -m pytest -n 2 --dist worksteal $(WHICH) parity tests/test_checkpoints.py

test-alone: .venv-alone
	cd build/wheel/empty && $(CACHED) ../../../.venv-alone/bin/python -m pytest -n 2 --dist worksteal $(WHICH) tests

.PHONY: .venv-alone .venv-extras
.venv-alone: EXTRAS :=
.venv-alone: OTHERS :=
.venv-extras: EXTRAS := [torch,plot,cli,integrations,bench]
.venv-extras: OTHERS := hypothesis mypy 'pyright[nodejs]'
.venv-alone .venv-extras:
	$(PYTHON) -m venv --clear $@
	wheel=$$(ls $(CURDIR)/build/wheel/*.whl) && \
	  $@/bin/pip install -q --no-compile -c constraints.txt "$$wheel$(EXTRAS)" pytest pytest-xdist $(OTHERS)

test-all: ## make test with the thorough ones
	$(MAKE) test WHICH='-m ""'

test-source: .venv/ready ## the same on the source, while you work
	$(BIN)/python -m pytest -n 2 --dist worksteal $(WHICH) tests parity

test-accelerators: .venv/ready ## the tests of what make tpu and make gpu run, which only the jaxlib that is pinned may pass
	$(BIN)/python -m pytest benchmarks/tests

# Coverage takes time of its own.
UNTIMED := --deselect tests/test_diagnosis.py::test_a_hundred_thousand_counts_take_two_seconds
coverage: .venv/ready ## all tests, and which lines and branches of jaxlr/ they ran: all, or it fails; ARGS="--cov-report=html"
	$(BIN)/python -m pytest -n 2 --dist worksteal -m '' --cov --cov-report=term $(UNTIMED) $(ARGS) tests parity

fuzz: .venv/ready ## 10,000 random nested recipes, 5,000 plateau runs and 1,000 conversions beside torch
	$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile thorough -m '' parity/test_recipes.py parity/test_plateau.py
	$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile thorough -m '' parity/test_bridge.py -k conversion_at_a_random_step

# The second build takes over what the first has read. With -q an undocumented name is a warning, with -W an error.
SPHINX := $(BIN)/sphinx-build -q -W --keep-going -n -d build/doctrees
docs: .venv/ready ## the site in build/docs, once its examples run, every public name is documented, and no link is broken
	$(BIN)/python -m pytest parity/test_docs.py
	$(SPHINX) -b coverage docs build/docs-coverage
	$(SPHINX) -b html docs build/docs

lint: .venv/ready ## ruff, and a strict type check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

dist: .venv/ready ## the sdist, and the wheel built from it, in dist/; looked into, and tested from the sdist
	rm -rf dist build/dist
	$(BIN)/python -m build -q --no-isolation
	$(BIN)/python -m parity.dist

clean: ## remove what make made
	rm -rf .venv .venv-alone .venv-extras .venv-tpu .venv-gpu build dist docs/schedulers verify bench

# Most modules of torch and its like are never imported: pip need not compile them, here and above.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile -c constraints.txt -e ".[dev]"
	touch $@

.venv-tpu/ready .venv-gpu/ready: .venv-%/ready: benchmarks/%-requirements.txt constraints.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install -q -c constraints.txt -r $<
	touch $@
