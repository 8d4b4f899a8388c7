"""Partitions of the tables that grow with time: made ahead of it, and dropped when their rows are past their time."""

from .upkeep import Partition, drop_partitions, ensure_partitions, list_partitions

__all__ = ["Partition", "drop_partitions", "ensure_partitions", "list_partitions"]
