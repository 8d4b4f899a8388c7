"""SQLAlchemy's own suite for dialects, for pytest to collect; see run.py."""

from sqlalchemy.testing.suite import *  # noqa: F403
