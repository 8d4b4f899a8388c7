"""Alembic's entry: everything happens in app_db.migrations.environment."""

from app_db.migrations import environment

environment.run()
