CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help demo test lint torture torture-sabotage simulate bench

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

demo: ## Show the main job in a minute: no account, no server, no configuration
	$(CARGO) run --locked --quiet -- demo

test: ## Run every test, on SQLite and PostgreSQL; installs what the tests lack
	scripts/test-setup.sh
	$(CARGO) test --locked

lint: ## Check format, lints and documentation, without changing anything
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked

TORTURE_SECONDS ?= 600
TORTURE_SEED ?= $(shell date +%s)

torture: torture-sabotage ## Kill processes and databases for 10 minutes each (25 in all; TORTURE_SECONDS=60 for less)
	scripts/test-setup.sh
	TORTURE_SECONDS=$(TORTURE_SECONDS) TORTURE_SEED=$(TORTURE_SEED) \
		$(CARGO) test --locked --release --test it torture:: -- --nocapture --test-threads=1

# The checks must find these defects, or they are none. A build of its own, apart from every other.
torture-sabotage: ## See that the torture finds a loss and a duplicate in builds that have them (3 minutes after building)
	scripts/test-setup.sh
	$(CARGO) build --locked --features sabotage --target-dir target/sabotage
	for defect in answer-first unfenced; do \
		TORTURE_BINARY=$(CURDIR)/target/sabotage/debug/rekindle TORTURE_SABOTAGE=$$defect TORTURE_SECONDS=15 \
			$(CARGO) test --locked --test it torture:: -- --nocapture --test-threads=1 || exit 1; \
	done

SIMULATE_PEOPLE ?= 1000
FAN_OUT ?= 100000

simulate: ## Let 1,000 people come for 30 days, whatever Persona does; plan 100,000 anew (SIMULATE_PEOPLE=100 FAN_OUT=5000)
	scripts/test-setup.sh
	FAN_OUT=$(FAN_OUT) SIMULATE_PEOPLE=$(SIMULATE_PEOPLE) $(CARGO) test --locked --release --test it \
		-- flows::simulation::everyone_of_a_thousand flows::fan_out::a_hundred_thousand \
		--ignored --nocapture --test-threads=1

bench: ## Run the benchmarks
	scripts/test-setup.sh
	scripts/bench-setup.sh
	$(CARGO) bench --locked
