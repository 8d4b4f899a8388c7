"""How an application gives a session its tenant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.orm import Session

from ...engine import PoolFigures
from .ground import DrillGround

OpenUnit: TypeAlias = Session | Connection


@dataclass(frozen=True, slots=True)
class DrillPlace:
    """Where a drill works: the application's URL, perhaps that of a pooler, and the pool to work with."""

    url: str = field(repr=False)
    role_prefix: str = ""
    services: tuple[str, ...] | None = None
    figures: PoolFigures = field(default_factory=PoolFigures)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, the password among them, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DrillPlace:
        """Return what `as_dict` has written."""
        services = values["services"]
        return cls(
            values["url"], values["role_prefix"], None if services is None else tuple(services),
            PoolFigures(**values["figures"]),
        )  # fmt: skip


class Way(ABC):
    """How an application gets its sessions. Only `unit` has to be there; a drill leaves out what a way has not.

    `is_typed` where every failure is promised to be an `AppDbError`: any other one is a finding then.
    """

    is_typed = False
    ground: DrillGround = DrillGround()

    def __init__(self, place: DrillPlace) -> None:
        self.place = place

    @abstractmethod
    def unit(self, tenant: UUID) -> AbstractContextManager[OpenUnit]:
        """A unit of work of the tenant, which commits at its end; it may be committed and rolled back inside."""

    def stranger(self) -> AbstractContextManager[OpenUnit]:
        """A unit of work of nobody's on the same pool, which must see no tenant's row."""
        raise NotImplementedError

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        """The driver's connection out of the same pool, for work past SQLAlchemy; it may see the tenant's rows."""
        raise NotImplementedError

    def dispose(self) -> None:
        """Close the pool; called at any time, from another thread, and at the end."""
        raise NotImplementedError

    @classmethod
    def offers(cls, method: str) -> bool:
        """Tell whether the class has that one of the three that are optional."""
        return getattr(cls, method) is not getattr(Way, method)
