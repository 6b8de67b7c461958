# Everything that can be done with this repository. `make` lists it.

SWIFT ?= swift
PYTHON ?= .venv/bin/python
PREFIX ?= /usr/local
BENCH ?=
SECONDS ?= 60
SEED ?= 1
ROUNDS ?= 100

# What the formatter looks at.
SWIFT_SOURCES = Sources Tests Plugins Package.swift

.DEFAULT_GOAL := help
.PHONY: help demo test test-full fuzz kill-test bench lint format-check format goldens goldens-check timm-check limits-check \
	tensorboard-check install build bootstrap clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## pretrain a small encoder, probe it, compare it with its untrained twin
	@scripts/demo

test: bootstrap ## check the format, run all tests, name the skipped ones
	@scripts/test

test-full: test goldens-check timm-check limits-check tensorboard-check kill-test ## also: sanitiser, kills, fuzzing, goldens, limits, timm, TensorBoard
	$(MAKE) fuzz SECONDS=60
	UNMASK_FULL_TESTS=1 scripts/test --skip-build --filter 'GateSimulation|GateOnRealEncoders'
	ASAN_OPTIONS=detect_leaks=0 UNMASK_TESTABLE=1 $(SWIFT) test -c release --sanitize=address --scratch-path .build/sanitized

fuzz: build ## damaged files for every reader, for SECONDS=60, with SEED=1; what breaks one is kept
	$(SWIFT) build -c release --product unmask-fuzz
	scripts/fuzz $(SECONDS) $(SEED)

kill-test: build ## kill runs at ROUNDS=100 random moments, go on, compare with undisturbed ones
	scripts/kill-test --rounds $(ROUNDS)

bench: build .venv/ready ## measure against PyTorch, write docs/performance.md (BENCH="--quick mae-step")
	$(SWIFT) build -c release --product unmask-bench
	$(PYTHON) Benchmarks/run.py $(BENCH)

lint: bootstrap format-check ## format and documentation form, and a build in which warnings are errors
	UNMASK_STRICT=1 $(SWIFT) build --build-tests --scratch-path .build/strict

format: ## format the Swift sources in place
	$(SWIFT) format -i -r $(SWIFT_SOURCES)

goldens: .venv/ready ## compute Tests/Goldens again with PyTorch, timm, transformers, SciPy and others
	$(PYTHON) Tests/Goldens/generate.py

install: build ## install the program below PREFIX (/usr/local)
	install -D -m 755 .build/release/unmask $(DESTDIR)$(PREFIX)/bin/unmask
	cd tasks && find . -name '*.yaml' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/unmask/tasks/{} \;

clean: ## remove what was built (not checkpoints, results or .venv)
	rm -rf .build

build: bootstrap ## build the program: .build/release/unmask
	$(SWIFT) build -c release --product unmask

bootstrap:
	@scripts/bootstrap

format-check:
	$(SWIFT) format lint --strict -r $(SWIFT_SOURCES)

goldens-check: .venv/ready
	$(PYTHON) Tests/Goldens/generate.py --check

timm-check: build .venv/ready
	.build/release/unmask pretrain mae-tiny --data scenes --limit 64 --epochs 1 --out .build/timm-check
	$(PYTHON) Tests/Goldens/generate.py --check-timm .build/timm-check
	$(PYTHON) Tests/Goldens/generate.py --check-conversions .build/release/unmask
	$(PYTHON) Tests/Goldens/generate.py --check-zoo .build/release/unmask

# Peak memory of loading, and what hostile files may cost.
limits-check: build .venv/ready
	$(PYTHON) Tests/Limits/check.py .build/release/unmask

tensorboard-check: build .venv/ready
	rm -rf .build/tensorboard-check
	.build/release/unmask pretrain mae-tiny --data scenes --limit 64 --epochs 2 --log tensorboard \
	  --out .build/tensorboard-check
	$(PYTHON) Tests/Goldens/tensorboard_events.py --check .build/tensorboard-check

# PyTorch and friends, for benchmarks and goldens only; Unmask itself runs without Python.
# With PYTHON=... an environment that is already there is used as it is.
.venv/ready: Benchmarks/requirements.txt Tests/Goldens/requirements.txt
ifeq ($(PYTHON),.venv/bin/python)
	python3 -m venv .venv
	.venv/bin/pip install --quiet --requirement Benchmarks/requirements.txt
	touch $@
endif
