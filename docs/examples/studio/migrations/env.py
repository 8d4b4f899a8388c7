"""Alembic's entry: the application's own revisions, in a version table of their own."""

from studio import models, objects

from app_db.migrations import environment

assert objects  # declares what is not a table
environment.run_project(models.Base.metadata, schema="studio")
