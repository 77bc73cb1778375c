# Two commands matter: `make build` and `make test`. Everything else is a part of them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := data/landing
# What the warehouse is built on: duckdb, or spark (docs/scaling-out.md).
ENGINE ?= duckdb

PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

# Its own folder, since dbt reparses everything after another target.
LINT := DBT_TARGET_PATH=target/lint

export LANDING_DIR ?= $(SAMPLE)
export WAREHOUSE_PATH ?= data/warehouse.duckdb
export DO_NOT_TRACK := 1
# What a person types reaches Python through the environment, as ASKED_…, and as it is: neither make nor a shell
# looks into it. Under its own name it isn't exported, for make would expand it for that.
ASKED := CUSTOMER PROSPECT REASON UNTIL BY WHY RELEASE APPLY ACCEPT AUDIENCE VALUE BENCH PORT RENEW BASE REF ONLY FILE SOURCE TABLE KIND
unexport $(ASKED)
$(foreach name,$(ASKED),$(eval export ASKED_$(name) := $$(value $(name))))

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: environment-$(ENGINE) landing ## Load the landing area into the warehouse, test it, say what came out (ENGINE=spark for a cluster's)
ifeq ($(ENGINE),spark)
	@$(BIN)/python -m scripts.deliver
	@$(BIN)/python -m scripts.spark build --exclude-resource-type unit_test
else
	@$(BIN)/python -m scripts.build
endif

.PHONY: parity parity-next
parity: environment-spark landing ## Build the landing area on DuckDB and on a Spark engine; compare every row
	@$(BIN)/python -m scripts.parity
parity-next: environment-spark landing ## Load what has landed since into both; compare again
	@$(BIN)/python -m scripts.parity --built

.PHONY: test
test: lint governance privacy-proof pytest ## Everything a pull request must pass

.PHONY: lint
lint: lint-python lint-yaml parse ## Lint of all Python, SQL, YAML and workflows; types; parse with warnings as errors
	$(LINT) $(BIN)/sqlfluff lint --processes 2 models analyses tests macros snapshots
	$(BIN)/sqlfluff lint --templater placeholder scripts/*/queries

.PHONY: lint-python lint-yaml parse
lint-python: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
lint-yaml: environment
	$(BIN)/yamllint --strict .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github
parse: environment
	$(LINT) $(BIN)/dbt parse --quiet --target lint --warn-error

.PHONY: governance
governance: parse ## Rules of docs/quality.md: layers, names, descriptions, owners, keys, classification
	$(LINT) $(BIN)/python -m scripts.governance

.PHONY: privacy-proof
privacy-proof: environment ## Prove from the SQL alone that personal data stays where it is declared
	$(BIN)/python -m scripts.proof

.PHONY: pytest
pytest: environment ## Tests of scripts and of the whole system
	$(PYTEST) -m "not long"

.PHONY: test-long
test-long: environment ## The tests that take longest, once a night: more ways to properties that `make test` looks at
	$(PYTEST) -m long

.PHONY: mutation-check
mutation-check: environment ## Break each core rule on purpose and name the test that notices (ONLY=… for some models)
	@$(BIN)/python -m scripts.mutation_check

.PHONY: check
check: environment ## The inner loop: lint of what has changed, rules, all unit tests, fast tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target unit-tests lint-changed lint-python lint-yaml fast-tests

.PHONY: unit-tests lint-changed fast-tests
unit-tests: environment
	$(BIN)/dbt build --quiet --empty --exclude-resource-type test
lint-changed: governance
	@{ git diff -z --name-only --diff-filter=d $$(git merge-base HEAD origin/main 2>/dev/null || echo HEAD) -- '*.sql'; \
		git ls-files -z --others --exclude-standard -- '*.sql'; } \
		| grep -zE '^(models|analyses|tests)/' | sort -zu | $(LINT) xargs -0 -r $(BIN)/sqlfluff lint
fast-tests: environment
	$(BIN)/pytest --numprocesses 1 --quiet -m "not warehouse and not slow and not long"

.PHONY: expectations
expectations: environment ## Compare the sample's warehouse with tests/expectations (RENEW=1 rewrites them)
	@$(BIN)/python -m scripts.expectations

.PHONY: store-base base slim review
store-base: environment ## Keep what `make build` made in data/base, for others to compare with
	@$(BIN)/python -m scripts.review.base store
base: environment landing ## Get what main holds, to compare with (REF=… builds that commit instead)
	@$(BIN)/python -m scripts.review.base fetch
slim: environment landing ## Build and test what a change touches, on a copy of main's warehouse; write its review
	@$(BIN)/python -m scripts.review.slim
review: environment ## Write data/review: what a change does to data, tests, cost, and whom it concerns
	@$(BIN)/python -m scripts.review.comment

.PHONY: canary
canary: environment ## Try the newest dbt, DuckDB and sqlfluff in an environment of their own; report what breaks
	@$(BIN)/python -m scripts.upgrade_canary

.PHONY: privacy-check
privacy-check: environment ## The same, and name columns of the warehouse that nothing describes
	@$(BIN)/python -m scripts.proof --warehouse "$$WAREHOUSE_PATH"

.PHONY: landing
landing: environment
ifeq ($(LANDING_DIR),$(SAMPLE))
	@if [ ! -f $(SAMPLE)/Batch1/BatchDate.txt ]; then \
		rm -rf $(SAMPLE) && mkdir -p data && \
		$(BIN)/python -m scripts.generate_landing --out $(SAMPLE) --scale 0.1 --days 5 --seed 7; \
	fi
endif

.PHONY: deliver
deliver: environment ## Land what other systems have delivered; a part of `make build`
	@$(BIN)/python -m scripts.deliver

.PHONY: scaffold
scaffold: environment ## Propose a source from a file of it (FILE=…, SOURCE=billing, TABLE=…, KIND=dated or replaced)
	@$(BIN)/python -m scripts.scaffold

.PHONY: bench
bench: environment ## Measure load, tests and queries against plain DuckDB; BENCH='--scale 1 --repeat 3' sets options
	@set -f; $(BIN)/python -m scripts.benchmark $$ASKED_BENCH

.PHONY: rotate-key
rotate-key: environment ## Give the encrypted warehouse a new key
	@$(BIN)/python -m scripts.rotate_key

.PHONY: publish
publish: environment ## Test the warehouse, then publish a file for each audience (AUDIENCE=branch VALUE=… for one)
	@$(BIN)/python -m scripts.publish

.PHONY: serve-postgres
serve-postgres: environment ## Test the warehouse, then serve it from the PostgreSQL that PGHOST and the like name
	@$(BIN)/python -m scripts.serve_postgres

.PHONY: diff
diff: environment landing ## What differs from another warehouse (BASE=path), or between what REF=main and your working tree make
	@$(BIN)/python -m scripts.diff

.PHONY: report
report: environment ## Write data/report.html: scorecard, runs, anomalies, reconciliation, rejected rows
	@$(BIN)/python -m scripts.report

.PHONY: anomaly-benchmark
anomaly-benchmark: environment ## How many planted faults are found, and how many alarms are false
	$(BIN)/python -m scripts.anomaly_benchmark

.PHONY: site
site: environment ## Write site/: dictionary, diagrams, column lineage, guides, quality report, dashboards, dbt docs
	@$(BIN)/python -m scripts.site

.PHONY: serve
serve: environment ## Show the site on http://127.0.0.1:8000, to this computer only (PORT=… for another)
	@$(BIN)/python -m scripts.site.serve

.PHONY: pictures
pictures: environment ## Redraw the pictures of docs/images from the project
	@$(BIN)/python -m scripts.site.pictures

.PHONY: docs
docs: environment ## Generate dbt's own documentation; `dbt docs serve` shows it
	$(BIN)/dbt docs generate

.PHONY: subject-export
subject-export: environment ## Everything about a person (CUSTOMER=7, PROSPECT=…)
	@$(BIN)/python -m scripts.data_subjects export

.PHONY: erase
erase: environment ## Erase a person from files and warehouse (CUSTOMER=7 or PROSPECT=…, REASON=…); ACCEPT=… lets stay what was found
	@$(BIN)/python -m scripts.data_subjects erase

.PHONY: legal-hold
legal-hold: environment ## Protect a person from erasure (CUSTOMER=7, UNTIL=2031-12-31, BY=…, WHY=…); RELEASE=1 lifts the hold
	@$(BIN)/python -m scripts.data_subjects legal-hold

.PHONY: retention
retention: environment ## List what is past its retention; APPLY=1 erases it
	@$(BIN)/python -m scripts.data_subjects retention

.PHONY: privacy-docs
privacy-docs: environment ## Rewrite docs/privacy from the columns' classification
	@$(BIN)/python -m scripts.data_subjects records

.PHONY: environment environment-duckdb environment-spark
environment: $(VENV)/.installed dbt_packages/.installed
environment-duckdb: environment
environment-spark: environment $(VENV)/.spark

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; set PYTHON=python3.11, say.") if sys.version_info < (3, 11) else 0'
	@echo "Installing Python packages into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.spark: requirements-spark.lock $(VENV)/.installed
	@echo "Installing a Spark engine into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-spark.lock
	@touch $@

dbt_packages/.installed: packages.yml $(wildcard packages/*/*) | $(VENV)/.installed
	@$(BIN)/python -m scripts.install_packages
	@touch $@

# The second lock is the first with a Spark engine added, in the same versions. pip looks for pyspark anew where both
# pyspark and pyspark[connect] are asked for; what the extra brings is listed anyway, and other extras are installed by then.
LOCK := uv pip compile pyproject.toml --group dev --extra lake --extra postgres --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock"

.PHONY: lock
lock: ## Renew both locks from pyproject.toml (needs uv)
	$(LOCK) --no-strip-extras --output-file requirements.lock --upgrade
	cp requirements.lock requirements-spark.lock
	$(LOCK) --strip-extras --extra spark --output-file requirements-spark.lock

.PHONY: clean
clean: ## Remove what the commands made, except the environment and data
	rm -rf target logs dbt_packages site
