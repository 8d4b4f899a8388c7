"""Brings a development or test database back to a clean, seeded state; refuses every other one."""

from .run import ResetReport, reset

__all__ = ["ResetReport", "reset"]
