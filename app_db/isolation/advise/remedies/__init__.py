"""What to write instead: a remedy for each kind of condition that a policy keeps from its index, as code."""

from .base import Code, Remedy
from .choose import remedy_for

__all__ = ["Code", "Remedy", "remedy_for"]
