# A facade over CMake: `make` alone prints what can be done.
SHELL  := /bin/bash
JOBS   ?= $(shell nproc)
PREFIX ?= /usr/local
DEMO   := build/demo

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{ printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## install the Debian packages that are missing (root or sudo)
	@scripts/install-deps.sh

build: deps ## optimised build in build/ (build/mc)
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

build-dev: deps ## the build of developers in build-dev/: sanitizers, warnings are errors
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)

demo: build ## the whole way on a real model: fetch SmolLM2-135M, build its concept response matrix
	scripts/demo.sh $(DEMO)

lint: build-dev ## format, include arrows, house rules, clang-tidy at zero
	scripts/lint.sh

example: build ## install to a scratch folder, compile and run examples/ against it
	scripts/test-install.sh build

lint-quick: ## the same without clang-tidy, in seconds
	scripts/lint.sh --quick

test: build build-dev lint-quick example ## everything that continuous integration runs
	ctest --preset dev -j $(JOBS)
	ctest --preset release -j $(JOBS)

test-aarch64: build ## cross-compile for 64-bit ARM, conformance suite under qemu (installs about 400 MB)
	scripts/test-aarch64.sh

deps-clang: ## what deps installs, and clang for test-tsan and fuzz
	@scripts/install-deps.sh clang

test-tsan: deps-clang ## small runs under ThreadSanitizer (clang)
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	ctest --preset tsan -j $(JOBS)

test-valgrind: build ## small runs of the optimised program under Valgrind
	scripts/test-valgrind.sh

sweep-memory: build build-dev ## every allocation of every command made to fail, one by one
	scripts/sweep-memory.sh

fuzz: deps-clang ## every parser with libFuzzer (clang), an hour each
	scripts/fuzz.sh

bench: build ## the whole program beside the peak, the disk and its peers (BENCH=--full: half an hour)
	cmake --build --preset release -j $(JOBS) --target bench_programs
	bench/run.py $(BENCH)

install: build ## install under PREFIX (default /usr/local)
	cmake --install build --prefix $(PREFIX)

clean: ## remove what was built
	rm -rf build build-dev build-clang build-tsan build-fuzz

.PHONY: test-aarch64 help deps build build-dev demo lint lint-quick example test bench install clean deps-clang test-tsan test-valgrind sweep-memory fuzz
.NOTPARALLEL:
