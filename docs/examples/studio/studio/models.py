"""Five tables of a studio that lets rooms by the hour. Keys, policies and grants follow from the base classes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app_db.models import Base, Shared, TenantScoped, UserScoped, tenant_fk
from app_db.models.base import created_at, updated_at


class Equipment(Shared, Base):
    """What a room may have; the same list for every tenant."""

    __tablename__ = "equipment"
    __table_args__ = (
        UniqueConstraint("name", info={"comment": "A piece of equipment by its name."}),
        {"schema": "studio", "comment": "What a room may have; the same for all tenants."},
    )

    name: Mapped[str] = mapped_column(comment="What it is called, e.g. grand piano.")


class Room(TenantScoped, Base):
    """A room of the tenant's."""

    __tablename__ = "rooms"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name", info={"comment": "A room by its name."}),
        CheckConstraint("hourly_minor >= 0", name="hourly_minor"),
        {"schema": "studio", "comment": "The rooms that a tenant lets."},
    )

    name: Mapped[str] = mapped_column(comment="What people call it.")
    hourly_minor: Mapped[int] = mapped_column(comment="The price of an hour, in cents.")
    equipment_id: Mapped[UUID | None] = mapped_column(comment="What it is best for.")
    updated_at: Mapped[datetime] = updated_at()


class Client(TenantScoped, Base):
    """Somebody who books."""

    __tablename__ = "clients"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email", info={"comment": "A client by the address that was typed in."}),
        CheckConstraint("length(email) between 3 and 254", name="email"),
        {"schema": "studio", "comment": "Who books."},
    )

    email: Mapped[str] = mapped_column(comment="Where confirmations go.")
    name: Mapped[str] = mapped_column(comment="What to say on the phone.")


class Booking(TenantScoped, Base):
    """A room for some hours; its number is given by the database."""

    __tablename__ = "bookings"
    __table_args__ = (
        tenant_fk("room_id", "studio.rooms"),
        tenant_fk("client_id", "studio.clients"),
        CheckConstraint("starts_at < ends_at", name="hours"),
        Index(None, "tenant_id", "room_id", "starts_at", info={"comment": "The bookings of a room, in order."}),
        Index(None, "tenant_id", "client_id", info={"comment": "The bookings of a client."}),
        {"schema": "studio", "comment": "Which room is whose, and when."},
    )

    room_id: Mapped[UUID] = mapped_column(comment="The room.")
    client_id: Mapped[UUID] = mapped_column(comment="Who comes.")
    starts_at: Mapped[datetime] = mapped_column(comment="When it begins.")
    ends_at: Mapped[datetime] = mapped_column(comment="When it ends.")
    created_at: Mapped[datetime] = created_at()


class Diary(UserScoped, Base):
    """What a person wrote about the day; nobody else of the tenant sees it."""

    __tablename__ = "diaries"
    __table_args__ = ({"schema": "studio", "comment": "What people wrote down for themselves."},)

    text: Mapped[str] = mapped_column(comment="What it says.")
