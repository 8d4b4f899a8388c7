# Two commands for a newcomer: make demo, make test. Each makes .venv where it is missing; no sudo.

PYTHON ?= python3
BIN := .venv/bin

# Each module is compiled once, and not by each of the hundreds of processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test suite bench bench-search bench-testing bench-peers soak check schema format venv clean

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

demo: venv  ## Build a database, two tenants in it, and try the border between them
	@$(BIN)/app-db demo

test: venv  ## Run all tests in three processes, on servers that come and go
	@$(BIN)/pytest -n 3 --dist loadscope --no-loadscope-reorder

check: venv  ## Run the static checks: style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

suite: venv  ## Run SQLAlchemy's own dialect suite on stock psycopg2 and on ours, and compare
	@$(BIN)/python tests/suite/run.py

bench: venv  ## Measure against the stock dialect and against explicit filters; takes minutes
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.run

bench-search: venv  ## Measure searches and statistics at volume: a million materials; takes a quarter of an hour or more
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.search

bench-testing: venv  ## Measure what a database costs a test, beside pytest-postgresql; takes a minute
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.suite_costs

bench-peers: venv  ## Put two libraries from PyPI and ours through the same situations; takes two minutes
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.peers

soak: venv  ## Drill for leaks for half an hour, through the pool and through PgBouncer; kill runs of tests
	@PYTHONPATH=tests $(BIN)/python -m drill.soak --minutes 15
	@SOAK=1 $(BIN)/pytest tests/runs/test_workers.py tests/runs/test_killed.py tests/isolation/prove/test_mutants.py

schema: venv  ## Write the snapshots, docs/schema.sql, the pages and the picture that come of revisions and rules
	@$(BIN)/python .ci/schema.py

format: venv  ## Put the code into its usual form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

venv:
	@$(PYTHON) .ci/venv.py

clean:  ## Remove .venv and caches
	@rm -rf .venv .venv.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
