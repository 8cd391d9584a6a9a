# What can be done here, one command each. `make` alone lists them. Needs Python 3.11 or later, nothing else by hand.

PORT ?= 8000
DATA ?= data
NAME ?=
TO   ?= +442079460100
ARGS ?=
BIN  := .venv/bin
PINS := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --upgrade

# A sabotaged system never takes the port or the folder of a whole one.
sabotage: PORT = 8050

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test check docs bench bench-full sabotage call verify pins clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | column -t -s @ 2>/dev/null \
	  || sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1   \2/p' $(MAKEFILE_LIST)

setup: .venv/ready ## install what running needs into .venv (once)

.venv/ready: constraints.txt pyproject.toml tools/prepare.sh
	@sh tools/prepare.sh run

setup-test: .venv/ready-test

.venv/ready-test: constraints-test.txt .venv/ready
	@sh tools/prepare.sh test

run: setup ## serve Troth and the example sites, with traffic (PORT=8000 DATA=data)
	@$(BIN)/python -m troth.demo --port $(PORT) --data $(DATA)

test: setup-test ## run every test (ARGS="tests/ledger -x" for some)
	@sh tools/prepare.sh programs
	@$(BIN)/python -m pytest $(ARGS)

check: setup-test ## ruff, strict types, and the rules of the house
	@$(BIN)/ruff check troth tests bench examples
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_layers.py tests/test_house.py

docs: setup-test ## write docs/commands.md, docs/proofs.md, docs/policy-reference.md and docs/policy.schema.json anew from what they describe
	@TROTH_GOLDEN=1 $(BIN)/python -m pytest tests/test_house.py tests/policy/test_policy_reference.py tests/promises/test_documented.py -k "commands or published or documented"

bench: setup-test ## the scoreboard, in under ten minutes
	@$(BIN)/python -m bench $(ARGS)

bench-full: setup-test ## the scoreboard with its largest sizes
	@$(BIN)/python -m bench --full $(ARGS)

sabotage: setup ## start a system broken in one way (NAME=skip-consent; without NAME: the list)
	@sh tools/sabotage.sh "$(NAME)" "$(PORT)"

call: setup ## pretend that somebody rings a number of infinity (TO=+442079460101)
	@$(BIN)/troth workspace show infinity --json --data $(DATA) \
	  | $(BIN)/python examples/traffic/twilio_like.py --server http://127.0.0.1:$(PORT) --to "$(TO)"

verify: setup ## run the proof of every promise of infinity (DATA=data)
	@$(BIN)/troth verify infinity --data $(DATA)

pins: ## choose newest versions and write both constraints files anew; needs `uv`
	$(PINS) --extra build -o constraints.txt
	$(PINS) --extra build --extra test --extra bench -c constraints.txt -o constraints-test.txt

clean: ## remove what was made here, but no data folder of yours
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/out bench/out
	rm -rf data-sabotage data-sabotage-secrets data-sabotage-tape
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
