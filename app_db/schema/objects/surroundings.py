"""Extensions, comments, and tables whose partitions are made ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .base import SchemaObject, quoted


@dataclass(frozen=True, kw_only=True)
class Extension(SchemaObject):
    """An extension that revisions create; where it is not trusted, a superuser makes it beforehand."""

    kind = "extension"

    name: str
    into: str = "extensions"

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def schema(self) -> str:
        return self.into

    def create(self) -> list[str]:
        return [f"create extension if not exists {self.name} with schema {self.into}"]

    def drop(self) -> list[str]:
        return [f"drop extension {self.name}"]


@dataclass(frozen=True, kw_only=True)
class Comment(SchemaObject):
    """A comment on what has none of its own in a model: `index shop.ix_orders_tenant_id_number`, `schema shop`."""

    kind = "comment"

    on: str
    text: str

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on,)

    def create(self) -> list[str]:
        return [f"comment on {self.on} is {quoted(self.text)}"]

    def drop(self) -> list[str]:
        return [f"comment on {self.on} is null"]

    def change_from(self, old: Self) -> list[str]:  # noqa: ARG002
        return self.create()


@dataclass(frozen=True, kw_only=True)
class PartitionSet(SchemaObject):
    """A table partitioned by time whose partitions are made ahead (`ops.ensure_partitions`) and go in time."""

    kind = "partition_set"

    on: str
    column: str
    period: str = "month"
    ahead: int = 3
    retention: str | None = None
    append_only: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on,)

    @property
    def table(self) -> str:
        return self.on

    def create(self) -> list[str]:
        retention = "null" if self.retention is None else f"interval {quoted(self.retention)}"
        values = ", ".join(map(quoted, (self.on, self.column, self.period)))
        insert = (
            "insert into ops.partition_sets (parent, partition_column, period, ahead, retention, append_only) "
            f"values ({values}, {self.ahead}, {retention}, {str(self.append_only).lower()})"
        )
        return [insert, "select ops.ensure_partitions()"]

    def drop(self) -> list[str]:
        return [f"delete from ops.partition_sets where parent = {quoted(self.on)}"]
