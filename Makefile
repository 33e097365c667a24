CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: ## Show the main job in a minute: no account, no server, no configuration
	$(CARGO) run --locked --quiet -- demo

test: ## Run every test, on SQLite and PostgreSQL; installs what the tests lack
	scripts/test-setup.sh
	$(CARGO) test --locked

lint: ## Check format, lints and documentation, without changing anything
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked

bench: ## Run the benchmarks
	@if [ -d benches ]; then $(CARGO) bench --locked; else echo "There are no benchmarks yet."; fi
