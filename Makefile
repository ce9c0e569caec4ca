# One command for each wish; `make help` lists them. Each does the set-up that it needs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
SENSOR := collectors/ebpf/sensor
T ?= tests

.PHONY: help setup sensor demo test lint format types bench docs screenshots windows-package clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing (as root, with apt) and make .venv
	@deploy/setup.sh

sensor: setup ## compile the eBPF programs
	@if command -v clang >/dev/null; then $(MAKE) -C $(SENSOR); \
	else echo 'sensor: clang is missing: not built. Recorded sessions still work. To build it: apt-get install clang llvm libbpf-dev'; fi

demo: sensor ## run a scripted agent under the sensor with a policy, and ask the lake about it
	@deploy/demo.sh

test: ## everything that must hold: lint, types, tests (part of it: make test T=tests/pipeline)
	@$(MAKE) --jobs=2 --output-sync sensor lint
ifeq ($(T),tests)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; status=0; \
	$(MAKE) types >"$$folder/types" 2>&1 & types=$$!; \
	$(PY) -m pytest --account="$$folder/skips" -m 'not alone' --numprocesses 2 --dist loadfile --no-loadscope-reorder $(T) || status=$$?; \
	wait $$types || status=$$?; cat "$$folder/types"; \
	$(PY) -m pytest --account="$$folder/skips" -m alone $(T) || status=$$?; \
	exit $$status
else
	@$(MAKE) types
	@$(PY) -m pytest $(T)
endif

lint: setup ## ruff: rules and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: setup ## let ruff mend what it can
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

types: setup ## mypy, strict
	@$(PY) -m mypy

bench: sensor ## run each benchmarks/bench_*.py (one of them: make bench B=judge)
	@$(PY) -m benchmarks.machine
	@for script in benchmarks/bench_$(or $(B),*).py; do \
	  test -e "$$script" || { echo "bench: there is no $$script" >&2; exit 2; }; \
	  printf '\n== %s\n' "$$script"; $(PY) -m "benchmarks.$$(basename "$$script" .py)"; done
	@printf '\n'; $(PY) -m benchmarks.machine --after

docs: setup ## write docs/schema.md, docs/policy.md, docs/telemetry.md, docs/hunts.md and docs/cli.md anew from the code
	@$(PY) -m tools.schema_docs
	@$(PY) -m tools.view_docs
	@$(PY) -m tools.policy_docs
	@$(PY) -m tools.telemetry_docs
	@$(PY) -m tools.hunt_docs
	@$(PY) -m tools.source_docs
	@$(PY) -m tools.cli_docs

screenshots: setup ## take pictures of every page of the dashboard for its documentation (needs chromium)
	@$(PY) -m tools.screenshots

windows-package: setup ## build what a Windows machine is given: wheels, scripts, a policy (docs/windows-deploy.md)
	@$(PY) -m tools.windows_package

clean: ## remove .venv, the demo's lake, compiled objects and caches
	@rm -rf .venv .demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(MAKE) -C $(SENSOR) clean
