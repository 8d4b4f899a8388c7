"""The demonstration: a database from nothing, two tenants, and what happens at the border between them."""

from .report import DemoReport
from .run import run_demo

__all__ = ["DemoReport", "run_demo"]
