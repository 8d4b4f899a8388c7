"""Rooms by the hour: an application whose schema is written by autogenerate."""
