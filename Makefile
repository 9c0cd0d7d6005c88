# Two commands do all on a fresh machine: `make run` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?=
export PYTHON
BIN := .venv/bin
TESTS ?= tests

.PHONY: help run test check format bench targets baseline clean

help: ## this list
	@echo "helpdesk-bot"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

run: .venv/.ready-run ## set everything up, then chat (with Slack or Discord tokens set: run there instead)
	@if [ -n "$${SLACK_BOT_TOKEN:-}$${DISCORD_BOT_TOKEN:-}$${HELPDESK_BOT__SLACK__BOT_TOKEN:-}$${HELPDESK_BOT__DISCORD__TOKEN:-}" ]; \
	then exec $(BIN)/helpdesk-bot run; else exec $(BIN)/helpdesk-bot chat; fi

test: .venv/.ready-dev ## set up what the tests need, then run them all
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(TESTS)

check: .venv/.ready-dev ## formatting, lint, types, who imports whom, the Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@MYPYPATH=bench $(BIN)/mypy bench/*.py
	@MYPYPATH=bench:bench/peers $(BIN)/mypy bench/peers/run.py
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile

format: .venv/.ready-dev ## mend formatting and what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/.ready-dev ## measure speed, memory and retrieval, and the peers: an hour; writes bench/results/*.json
	@$(BIN)/python bench/run.py

targets: .venv/.ready-dev ## print the targets of retrieval, gate, grounding, follow-ups and personas, met or missed
	@$(BIN)/python bench/targets.py

baseline: .venv/.ready-dev ## make the measures of the sample anew that `make test` holds changes against
	@$(BIN)/python bench/baseline.py

clean: ## remove .venv, caches and the sample's data (not your config)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis bench/results

.venv/.ready-run: pyproject.toml constraints.txt
	@sh setup.sh run

.venv/.ready-dev: pyproject.toml constraints.txt
	@sh setup.sh dev
