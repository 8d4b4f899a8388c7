"""Helpers that a revision may import. A version that has landed never changes; a new need is a new version."""
