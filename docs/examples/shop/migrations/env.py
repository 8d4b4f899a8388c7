"""Alembic's entry: the application's own revisions, in a version table of their own."""

from shop import models

from app_db.migrations import environment

environment.run_project(models.Base.metadata, schema="shop")
