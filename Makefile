# A person's commands; CI calls the same ones. Each sets up what it needs first, once.
.DEFAULT_GOAL := help
.PHONY: help setup serve site test check bench format lock clean

PORT ?= 8000
# Two processes, each with a browser of its own, take the files of tests in the order of tests/conftest.py.
ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
RUN := .venv/bin/python -m

export NO_MKDOCS_2_WARNING := 1
# Links to the repository follow the clone's own origin, so that a fork works unchanged; empty for any other origin.
ifeq ($(origin REPO_URL),undefined)
export REPO_URL := $(shell git remote get-url origin 2>/dev/null | sed -nE 's,\.git$$,,; s,^(https://([^@/]*@)?|ssh://git@|git@)((github|gitlab)\.com|codeberg\.org)[:/](.+)$$,https://\3/\5,p')
endif
# Without a repository there is nothing to edit, and MkDocs would warn about it.
ifeq ($(origin EDIT_URI),undefined)
export EDIT_URI := $(if $(REPO_URL),edit/main/docs/)
endif

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the pinned packages into .venv and node_modules (the other commands do this themselves)
	@tools/setup

serve: setup ## build the site and serve it on 127.0.0.1:8000 with live reload (PORT=8001 for another port)
	@$(RUN) mkdocs serve --livereload --dev-addr 127.0.0.1:$(PORT)

site: setup ## build the site strictly into site/, for any static host (SITE_URL is its address)
	@$(RUN) mkdocs build --strict

test: setup ## run all tests, in a browser too (ARGS="-k weakest" picks some)
	@$(RUN) tools.browser
	@$(RUN) hooks.labs_wheel
	@$(RUN) pytest $(ARGS)

check: setup ## look for mistakes in code, prose, links and pages (ARGS="spelling site" picks some)
	@$(RUN) tools.check $(if $(filter command line environment,$(origin ARGS)),$(ARGS))

bench: setup ## measure speed, as ratios to a yardstick timed in the same run
	@for bench in tests/bench/bench_*.py; do .venv/bin/python $$bench || failed=1; done; exit $${failed:-0}

format: setup ## put the Python into the one format
	@$(RUN) ruff check --fix-only
	@$(RUN) ruff format

lock: setup ## make both lock files again, from pyproject.toml and package.json
	@.venv/bin/python -m venv build/lock
	@build/lock/bin/python -m pip install -qq uv==0.13.9
	@build/lock/bin/uv pip compile --quiet --group dev --universal --python-version 3.12 --generate-hashes \
		--custom-compile-command "make lock" --output-file requirements.lock
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --package-lock-only --loglevel=error

clean: ## remove what was built; the installed packages stay
	@rm -rf build site .hypothesis
