# The interface of this project: developers and CI use the same targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SOURCES := Package.swift Sources Tests
SWIFT_FLAGS := --explicit-target-dependency-import-check error
TEST_FLAGS := $(SWIFT_FLAGS) -Xswiftc -warnings-as-errors
RELEASE := .build/release/learning-hub
# The test targets for the sanitizers: those of code with C, threads and raw memory.
SANITIZED := EventLoopTests|ObservabilityTests|HTTPTests|PostgresTests|KafkaTests|RedisTests|MailTests|SecretsTests|ObjectStoreTests|FileTypesTests|DocumentsTests|YAMLTests|AvroTests
TWINS := $(patsubst bench/%.c,.build/twins/%,$(filter-out bench/allocations.c,$(wildcard bench/*.c))) .build/twins/allocations.so

ifeq ($(shell uname -s),Darwin)
# Homebrew does not link these into its prefix, because macOS has its own versions.
export PKG_CONFIG_PATH := $(foreach name,libpq curl openssl@3,$(shell brew --prefix $(name) 2>/dev/null)/lib/pkgconfig:)$(PKG_CONFIG_PATH)
endif

.PHONY: help run build test test-sanitized test-faults test-kafka fuzz lint format bench bench-peers contracts smoke setup setup-tests clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Install missing packages, build, and start all services (options: ARGS="--port 3100")
	exec $(RELEASE) up $(ARGS)

build: setup ## Build the release program
	HUB_COMMIT=$$(git describe --always --abbrev=12 --dirty=+ --exclude '*' 2>/dev/null || true) \
		swift build -c release --product learning-hub $(SWIFT_FLAGS)

test: setup-tests ## Run all tests; warnings are errors (one target: FILTER=UserTests)
	scripts/test '$(or $(FILTER),.)' $(TEST_FLAGS)

test-sanitized: setup-tests ## Run the drivers' tests under the address and the thread sanitizer
	@# Leak detection is off: it reports objects that are referenced only by a tagged pointer of Swift.
	ASAN_OPTIONS=detect_leaks=0 scripts/test '$(SANITIZED)' $(TEST_FLAGS) --sanitize address --scratch-path .build-address
	TSAN_OPTIONS="suppressions='$(CURDIR)/Tests/thread-sanitizer.supp'" \
		scripts/test '$(SANITIZED)' $(TEST_FLAGS) --sanitize thread --scratch-path .build-thread

test-kafka: setup-tests ## Run the Kafka tests, also on real clusters, with another version of librdkafka (option: LIBRDKAFKA=/path/to/librdkafka.so.1)
	@# The default is the library inside the Python package `confluent-kafka`, which is newer than that of a distribution.
	@mkdir -p .build/librdkafka
	ln -sf "$$(realpath $(or $(LIBRDKAFKA),.venv/lib/python3*/site-packages/confluent_kafka.libs/librdkafka*.so.1))" .build/librdkafka/librdkafka.so.1
	HUB_TEST_KAFKA=all LD_LIBRARY_PATH='$(CURDIR)/.build/librdkafka' scripts/test '$(or $(FILTER),KafkaTests|MessagingTests)' $(TEST_FLAGS)

test-faults: setup-tests build ## Kill, freeze and restart processes and servers while people register, buy and learn (EVENTS=100000)
	HUB_FAULT_EVENTS=$(or $(EVENTS),100000) HUB_TEST_PROGRAM='$(CURDIR)/$(RELEASE)' scripts/test FaultTests $(TEST_FLAGS)

fuzz: setup-tests ## Send broken input to all parts that read from outside, ten minutes each (options: SECONDS=60 SEED=7)
	ASAN_OPTIONS=detect_leaks=0 HUB_FUZZ_SECONDS=$(or $(SECONDS),600) $(if $(SEED),HUB_FUZZ_SEED=$(SEED)) \
		scripts/test FuzzTests $(TEST_FLAGS) --sanitize address --scratch-path .build-address

lint: ## Check the formatting of Swift and the syntax of the scripts
	swift format lint --strict --recursive --parallel $(SOURCES) || { echo 'lint: run `make format`' >&2; exit 1; }
	@for script in scripts/* .ci/run; do bash -n "$$script"; done
	@if command -v shellcheck >/dev/null; then shellcheck scripts/* .ci/run; fi

format: ## Format Swift in place
	swift format --in-place --recursive --parallel $(SOURCES)

bench: setup-tests build $(TWINS) ## Run the benchmarks, with C programs for comparison (one of them: NAMES="avro.encode")
	HUB_BENCH_CHECKOUT='$(CURDIR)' $(RELEASE) bench $(NAMES)

bench-peers: ## Compare with Python's and Java's Kafka clients and Debezium (needs KAFKA_HOME, and CONNECT_PLUGINS with Debezium)
	@$(MAKE) --no-print-directory bench NAMES="kafka. relay.kafka peer."

.build/twins/%.so: bench/%.c
	@mkdir -p $(@D)
	cc -O2 -Wall -shared -fPIC -o $@ $<

.build/twins/%: bench/%.c $(wildcard bench/*.h)
	@mkdir -p $(@D)
	cc -O2 -Wall -o $@ $< $$(sed -n 's|^// libraries: ||p' $< | xargs -r pkg-config --cflags --libs) -lpthread

contracts: setup ## Generate the Swift types of contracts/*.avsc and check compatibility
	swift run $(SWIFT_FLAGS) avro-generate contracts Sources/Backbone/Contracts/Generated

smoke: setup-tests build ## Start the release build on a temporary database and register a person
	scripts/smoke

setup: ## Install missing system packages
	@scripts/setup run

setup-tests:
	@scripts/setup test

clean: ## Remove all build results (your data in .data/ stays)
	rm -rf .build .build-address .build-thread .venv
