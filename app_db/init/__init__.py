"""Initialises a database: prerequisites, revisions, seeds, and the first administrator. Safe to run again."""

from .prerequisites import Check, check_prerequisites
from .run import InitReport, initialise

__all__ = ["Check", "InitReport", "check_prerequisites", "initialise"]
