# `make help` lists what there is. Everything is built below target/, except the copies of handlers in examples/site.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# All tests, lints and tools share one target directory and one profile, so that dependencies compile once.
GATE := --locked --profile gate

.PHONY: help
help: ## list these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# ---- run ----

.PHONY: serve
serve: target/release/framewright handlers ## build what is missing and serve examples/site (ARGS='--http 8080' adds flags)
	target/release/framewright serve examples/site $(ARGS)

# Cargo knows whether there is something to do. The server embeds the runtimes for scripts, so the handlers come first;
# beside it lie the runtimes compiled, for every processor of the architecture, so that no first start has to do it.
.PHONY: target/release/framewright
target/release/framewright: handlers
	cargo build --locked --release $(CARGO_FEATURES) --bin framewright
	$@ warm --baseline --out $(@D)/framewright.cache

# ---- handlers ----
# handlers/LANGUAGE/NAME becomes target/handlers/LANGUAGE/NAME.wasm, and a copy in the example site.

RUST_NAMES := $(filter-out guest,$(patsubst handlers/rust/%/Cargo.toml,%,$(wildcard handlers/rust/*/Cargo.toml)))
C_NAMES := $(filter-out include,$(notdir $(patsubst %/,%,$(wildcard handlers/c/*/))))
COMPONENTS := $(RUST_NAMES:%=rust/%) $(C_NAMES:%=c/%)
# Only the test suite has a use for these.
FIXTURES := rust/misbehaving rust/rawdriver rust/script-fixture rust/stash c/surroundings
# These are built into the server and run scripts of a site.
RUNTIMES := rust/frames
SHOWN := $(filter-out $(FIXTURES) $(RUNTIMES),$(COMPONENTS))

GUESTS := target/guests
COMPONENTIZE := target/gate/componentize
WIT := $(wildcard wit/*.wit)

.PHONY: handlers
handlers: $(COMPONENTS:%=target/handlers/%.wasm) $(SHOWN:%=examples/site/handlers/%.handler.wasm) ## build every handler

examples/site/handlers/%.handler.wasm: target/handlers/%.wasm
	@mkdir -p $(@D)
	@cp $< $@.partial && mv $@.partial $@

.PHONY: componentize
componentize:
	@cargo build -q $(GATE) --manifest-path handlers/componentize/Cargo.toml --target-dir target
$(COMPONENTIZE): componentize ; @test -x $@

# Rust: Cargo decides what to compile; a module that it leaves alone keeps its time, and so does the component.
MODULE = $(GUESTS)/wasm32-unknown-unknown/release/$(subst -,_,$(1)).wasm

.PHONY: rust-modules
rust-modules:
	@scripts/guest-toolchain.sh cargo build -q --locked --release --manifest-path handlers/rust/Cargo.toml \
		--target-dir $(GUESTS)

define RUST_RULES
$(call MODULE,$(1)): rust-modules ; @test -f $$@
target/handlers/rust/$(1).wasm: $(call MODULE,$(1)) | $(COMPONENTIZE)
	$(COMPONENTIZE) component $$< -o $$@
endef
$(foreach name,$(RUST_NAMES),$(eval $(call RUST_RULES,$(name))))

# C: bindings are generated from wit/, each folder is one module, and imports of preview-1 WASI are adapted.
BINDINGS := $(GUESTS)/c/bindings/handler
C_FLAGS := -mexec-model=reactor -std=gnu11 -Os -Wall -Wextra -I$(dir $(BINDINGS)) -Ihandlers/c/include -Wl,--strip-debug

$(BINDINGS).c: $(WIT) | $(COMPONENTIZE)
	$(COMPONENTIZE) c-bindings wit handler $(@D)

define C_RULES
$(GUESTS)/c/$(1).wasm: $(wildcard handlers/c/$(1)/*.c) $(wildcard handlers/c/include/*.h) $(BINDINGS).c
	scripts/guest-toolchain.sh cc $(C_FLAGS) -o $$@ $$(filter %.c,$$^) $(BINDINGS)_component_type.o
endef
$(foreach name,$(C_NAMES),$(eval $(call C_RULES,$(name))))

target/handlers/c/%.wasm: $(GUESTS)/c/%.wasm | $(COMPONENTIZE)
	$(COMPONENTIZE) component --adapt $< -o $@

# Python: the runtime for `.py` handlers is a component with CPython and its library in it, made by componentize-py and
# embedded compressed. PYTHON=no leaves it out of everything.
PYTHON ?= yes
PYTHON_VENV := target/python
PYTHON_APP := handlers/python/wptserve
PYTHON_WASM := target/handlers/python/wptserve.wasm.zst
PYTHON_SOURCES := $(shell find $(PYTHON_APP) -name '*.py' -not -path '*/tests/*')
ifeq ($(PYTHON),yes)
handlers: python-runtime
else
CARGO_FEATURES := --no-default-features
endif

.PHONY: python-runtime
python-runtime: $(PYTHON_WASM) ## build the runtime for Python handlers (PYTHON=no: everything without it)

$(PYTHON_VENV)/ready: $(PYTHON_APP)/requirements.txt scripts/python-venv.sh
	scripts/python-venv.sh $(PYTHON_VENV) $<

target/handlers/python/wptserve.wasm: $(PYTHON_SOURCES) $(WIT) $(PYTHON_VENV)/ready scripts/python-runtime.sh | $(COMPONENTIZE)
	scripts/python-runtime.sh $(PYTHON_VENV)/venv $(PYTHON_APP) $@.mortal
	$(COMPONENTIZE) immortal $@.mortal -o $@
	@rm $@.mortal

$(PYTHON_WASM): target/handlers/python/wptserve.wasm | $(COMPONENTIZE)
	$(COMPONENTIZE) compress $< -o $@

.PHONY: python-test
python-test: ## the tests of the Python runtime, natively
	cd $(PYTHON_APP) && python3 -B -m unittest -q

# ---- checks ----

.PHONY: test
test: format lint licences suite ## every check and every test, with real clients

.PHONY: format
format: ## check the format of all Rust
	cargo fmt --check
	cargo fmt --check --manifest-path handlers/componentize/Cargo.toml
	cargo fmt --all --check --manifest-path handlers/rust/Cargo.toml

.PHONY: lint
lint: handlers ## clippy, warnings being errors (after the handlers, as the server embeds some)
	cargo clippy $(GATE) --all-targets -- -D warnings
	cargo clippy $(GATE) --all-targets --manifest-path handlers/componentize/Cargo.toml --target-dir target -- -D warnings
	cargo clippy --locked --release --all-targets --manifest-path handlers/rust/Cargo.toml --target-dir $(GUESTS) \
		-- -D warnings

.PHONY: suite
suite: handlers test-clients python-test ## the tests alone: units, integration, real clients
	cargo test --locked --release --manifest-path handlers/rust/Cargo.toml --target-dir $(GUESTS) --lib \
		-p framewright-guest -p frames-language -p frames
	cargo test $(GATE) --manifest-path handlers/componentize/Cargo.toml --target-dir target
	cargo test $(GATE)

.PHONY: test-clients
test-clients:
	scripts/test-clients.sh

.PHONY: licences
licences: ## licences, banned crates and sources of all dependencies
	for manifest in Cargo.toml handlers/componentize/Cargo.toml handlers/rust/Cargo.toml; do \
		scripts/cargo-tool.sh deny $(DENY_VERSION) --locked --config deny.toml --manifest-path $$manifest \
			check --allow license-not-encountered licenses bans sources; \
	done
DENY_VERSION := 0.20.2

.PHONY: audit
audit: ## known vulnerabilities of dependencies (needs the network)
	scripts/cargo-tool.sh deny $(DENY_VERSION) check advisories

# ---- measurements and long runs ----

.PHONY: bench
bench: handlers ## measure against controls (BENCH=hello-h2 for one), write docs/benchmarks.md
	cargo bench --locked --bench end_to_end -- $(BENCH) --pairs $(BENCH_PAIRS) --date $$(date +%F)
	$(if $(BENCH),,cargo bench --locked --bench instantiate)
BENCH_PAIRS ?= 10

# Fuzzing needs compiler flags that only nightly admits to having; RUSTC_BOOTSTRAP=1 makes stable take them too.
FUZZ_ENV := $(shell rustc +nightly --version >/dev/null 2>&1 && echo RUSTUP_TOOLCHAIN=nightly || echo RUSTC_BOOTSTRAP=1)

.PHONY: fuzz
fuzz: ## every fuzz target (FUZZ_TARGETS=hpack for one) for FUZZ_SECONDS (60) each
	cd fuzz && export $(FUZZ_ENV) && for target in $(FUZZ_TARGETS); do \
		mkdir -p ../target/fuzz/corpus/$$target ../target/fuzz/artifacts; \
		../scripts/cargo-tool.sh fuzz $(FUZZ_VERSION) run --target-dir ../target/fuzz $$target \
			../target/fuzz/corpus/$$target seeds/$$target -- -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=../target/fuzz/artifacts/$$target-; \
	done
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_VERSION := 0.13.2
FUZZ_SECONDS ?= 60

.PHONY: soak
soak: handlers ## the tests that take long, marked as ignored
	cargo test $(GATE) -- --ignored

.PHONY: attack
attack: handlers ## hostile clients and handlers against the release binary, a table of how each was refused (ATTACK=PART)
	cargo bench --locked --bench attack -- $(ATTACK)

.PHONY: browsers
browsers: target/release/framewright ## run examples/misbehave in three browsers and compare with the record (ARGS=--record)
	scripts/browsers.sh $< $(ARGS)

.PHONY: wpt
wpt: $(if $(SERVER),,target/release/framewright) ## tests of a web-platform-tests CHECKOUT (TESTS=, REFERENCE=, STABLE=, ARGS=)
	scripts/wpt.sh "$(CHECKOUT)" $(TESTS) $(if $(SERVER),--server "$(SERVER)") $(if $(CONFIG),--config "$(CONFIG)") \
		$(if $(REFERENCE),--reference "$(REFERENCE)") $(if $(STABLE),--stable "$(STABLE)") $(ARGS)

.PHONY: clean
clean: ## remove all that was built
	rm -rf target examples/site/handlers
