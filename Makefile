# Everything from Python 3.11 or newer alone: uv, the locked dependencies and Mosquitto come by
# themselves. `make help` lists what there is.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# Another virtual environment that is active in the shell must not be taken for ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# The Python that is there is enough; none is downloaded.
export UV_PYTHON_DOWNLOADS ?= never
# Trust whom the system trusts, as pip does: some networks have an authority of their own.
export UV_SYSTEM_CERTS ?= 1
# What runs is what uv.lock says; only `uv lock` changes it.
export UV_FROZEN := 1
# Debian puts brokers where not every user's PATH leads.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/opt/homebrew/sbin

# A uv that does not answer (a shim without its program) counts as missing.
UV := $(if $(shell uv --version 2>/dev/null),uv,$(CURDIR)/.uv/bin/uv)
RUN := $(UV) run --no-sync
# Where there is no Node.js that can build the page (20.19 with npm 11), one comes as a Python package.
NODE_TELLS := const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)
NODE_IS_THERE := $(shell node -e '$(NODE_TELLS)' 2>/dev/null && \
	test "$$(npm --version 2>/dev/null | cut -d. -f1)" -ge 11 2>/dev/null && echo yes)
OWN_NODE := $(if $(NODE_IS_THERE),,$(CURDIR)/.node/bin/npm)
export PATH := $(if $(OWN_NODE),$(CURDIR)/.node/bin:)$(PATH)
NPM := npm --prefix web --loglevel=error
PAGE := cloud/src/aerostream_cloud/bridge/page_files/index.html
PAGE_SOURCES := $(shell find web/src web/public web/tools -type f 2>/dev/null) \
	$(wildcard web/*.html web/*.json web/*.ts)
NODE_MODULES := web/node_modules/.package-lock.json

PROJECTS := pyproject.toml $(wildcard */pyproject.toml)
SYNCED := .venv/.synced

PROTO := aerostream_contract/frame.proto
CONTRACT := contract/src
GENERATED := $(addprefix aerostream_contract/,frame_pb2.py frame_pb2.pyi mavlink_messages.txt)
PROTOC := $(RUN) python -m grpc_tools.protoc -I $(CONTRACT)
TYPED := $(wildcard contract/src edge-agent/src cloud/src simulator/src conftest.py tests \
	benchmarks contract/tests cloud/tests simulator/tests contract/tools deploy)
# Its folder's hyphen keeps mypy from seeing a package: its conftest.py would be the root's.
TYPED_APART := edge-agent/tests

# Options for pytest, such as `make test ARGS='-k provision'`.
ARGS ?=

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{printf "make %-10s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(SYNCED) $(PAGE) mosquitto ## Fly a fleet on a map (DRONES=12 DURATION=seconds PORT=8000)
	$(RUN) python -m deploy.demo $(if $(DRONES),--drones '$(DRONES)') \
		$(if $(DURATION),--duration '$(DURATION)') $(if $(PORT),--port '$(PORT)')

.PHONY: test
test: $(SYNCED) $(PAGE) mosquitto chromium faulttools testtools ## Run all tests (ARGS='…' goes to pytest)
	$(NPM) test
	$(RUN) pytest -n 2 --dist worksteal $(ARGS)

.PHONY: check
check: $(SYNCED) $(NODE_MODULES) ## Check style, types, the parts' imports and the generated files
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy $(TYPED)
	$(RUN) mypy $(TYPED_APART)
	$(RUN) lint-imports
	$(NPM) run check
	$(MAKE) --no-print-directory generated

# Generated into a folder of its own and compared, so that a check never changes a file.
.PHONY: generated
generated: $(SYNCED)
	@rm -rf build/generated && mkdir -p build/generated/aerostream_contract
	@$(PROTOC) --python_out=build/generated --pyi_out=build/generated $(PROTO)
	@$(RUN) python contract/tools/generate_messages.py \
		build/generated/aerostream_contract/mavlink_messages.txt
	@for file in $(GENERATED); do \
		cmp "build/generated/$$file" "$(CONTRACT)/$$file" || { \
			echo "$(CONTRACT)/$$file is not current: run 'make proto messages'" >&2; exit 1; }; \
	done
	@$(RUN) python contract/tools/generate_channel_docs.py build/generated/channels.md
	@cmp build/generated/channels.md docs/channels.md || { \
		echo "docs/channels.md is not current: run 'make channels'" >&2; exit 1; }
	@echo "generated files are current"

.PHONY: bench
bench: $(SYNCED) $(PAGE) mosquitto chromium faulttools ## Measure against the targets; writes benchmarks/results.json
	$(UV) sync --all-packages --inexact --group bench
	$(RUN) python -m benchmarks

.PHONY: faults
faults: $(SYNCED) mosquitto faulttools ## Break everything, compare sent with stored (SEEDS=1 FIRST_SEED=1 DRONES=3 JOBS=1)
	$(RUN) aerostream-sim faults $(if $(SEEDS),--seeds '$(SEEDS)') \
		$(if $(FIRST_SEED),--first-seed '$(FIRST_SEED)') $(if $(DRONES),--drones '$(DRONES)') \
		$(if $(DURATION),--duration '$(DURATION)') $(if $(JOBS),--jobs '$(JOBS)') $(ARGS)

.PHONY: fmt
fmt: $(SYNCED) $(NODE_MODULES) ## Format the code and sort its imports
	$(RUN) ruff check --fix
	$(RUN) ruff format
	$(NPM) run fmt

.PHONY: proto
proto: $(SYNCED) ## Generate the telemetry frame's code from frame.proto
	$(PROTOC) --python_out=$(CONTRACT) --pyi_out=$(CONTRACT) $(PROTO)

.PHONY: messages
messages: $(SYNCED) ## Generate the table of MAVLink messages from pymavlink
	$(RUN) python contract/tools/generate_messages.py

.PHONY: channels
channels: $(SYNCED) ## Generate docs/channels.md from the channel table
	$(RUN) python contract/tools/generate_channel_docs.py

.PHONY: web
web: $(PAGE) ## Build the operators' page

.PHONY: setup
setup: $(SYNCED) $(PAGE) mosquitto ## Install what the other targets need, and nothing else

.PHONY: mosquitto
mosquitto: ## Install Mosquitto with the system's package manager where it is missing
	@command -v mosquitto >/dev/null || deploy/install-system.sh mosquitto

.PHONY: chromium
chromium: ## Install Chromium, for the browser tests, with the system's package manager
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		deploy/install-system.sh chromium

# Disks that fail and clocks that jump are a small C library, built when it is needed.
.PHONY: faulttools
faulttools:
	@echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 || deploy/install-system.sh compiler

# What the documentation's shell lines and the tests of TLS use.
.PHONY: testtools
testtools:
	@command -v sqlite3 >/dev/null || deploy/install-system.sh sqlite3
	@command -v openssl >/dev/null || deploy/install-system.sh openssl

.PHONY: clean
clean: ## Remove environments, caches and builds; stored data stays
	rm -rf .venv .uv .node web/node_modules $(dir $(PAGE)) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --inexact: what somebody added to the environment by hand is not ours to remove.
$(SYNCED): uv.lock $(PROJECTS) | $(filter %/uv,$(UV))
	$(UV) sync --all-packages --inexact
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(NODE_MODULES)
	$(NPM) run build
	@touch $@

$(NODE_MODULES): web/package-lock.json $(OWN_NODE)
	$(NPM) ci --prefer-offline
	@touch $@

# Only reached where there is no Node.js that will do.
$(CURDIR)/.node/bin/npm: | $(SYNCED)
	$(UV) sync --all-packages --inexact --group node
	deploy/install-node.sh $(CURDIR)/.node .venv/bin/python

# Only reached where there is no uv yet.
$(CURDIR)/.uv/bin/uv:
	deploy/install-uv.sh $(CURDIR)/.uv
