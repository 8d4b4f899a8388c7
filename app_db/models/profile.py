"""People as a tenant knows them: how they are shown, what they prefer, where they can be reached by post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, UserScoped, created_at, updated_at


class Profile(UserScoped, Base):
    """How a person is shown in a tenant; one for each person and tenant."""

    __tablename__ = "profiles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id"),
        CheckConstraint("length(display_name) between 1 and 200", name="display_name"),
        CheckConstraint("locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'", name="locale"),
        CheckConstraint("time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$'", name="time_zone"),
        CheckConstraint("avatar_url ~ '^https://[^[:space:]]+$' and length(avatar_url) <= 2000", name="avatar_url"),
        CheckConstraint("length(about) <= 2000", name="about"),
        {"schema": "profile", "comment": "How each person is shown in a tenant."},
    )

    display_name: Mapped[str] = mapped_column(comment="What others call the person.")
    locale: Mapped[str] = mapped_column(server_default="en", comment="BCP 47 tag of language and region, e.g. ru-RU.")
    time_zone: Mapped[str] = mapped_column(server_default="UTC", comment="IANA name, e.g. Europe/Moscow.")
    avatar_url: Mapped[str | None] = mapped_column(comment="Where the picture is; https only.")
    about: Mapped[str] = mapped_column(server_default="", comment="What the person says about themselves.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Preference(UserScoped, Base):
    """A choice of a person in a tenant, by its key."""

    __tablename__ = "preferences"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "key"),
        CheckConstraint("key ~ '^[a-z][a-z0-9_.-]{0,99}$'", name="key"),
        CheckConstraint("length(value::text) <= 16384", name="value"),
        {"schema": "profile", "comment": "What people have chosen, a row for each key."},
    )

    key: Mapped[str] = mapped_column(comment="What is chosen, e.g. editor.theme.")
    value: Mapped[Any] = mapped_column(JSONB, nullable=False, comment="The choice, any JSON up to 16 KiB.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Address(UserScoped, Base):
    """A postal address of a person in a tenant."""

    __tablename__ = "addresses"
    __table_args__ = (
        CheckConstraint("kind in ('home', 'work', 'billing', 'shipping')", name="kind"),
        CheckConstraint("length(recipient) between 1 and 200", name="recipient"),
        CheckConstraint("length(line1) between 1 and 200", name="line1"),
        CheckConstraint("length(line2) <= 200", name="line2"),
        CheckConstraint("length(city) between 1 and 100", name="city"),
        CheckConstraint("length(region) between 1 and 100", name="region"),
        CheckConstraint("length(postal_code) between 1 and 16", name="postal_code"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        Index("ix_addresses_tenant_id_user_id_created_at", "tenant_id", "user_id", text("created_at desc")),
        Index(
            "uq_addresses_tenant_id_user_id_kind_default",
            "tenant_id",
            "user_id",
            "kind",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        {"schema": "profile", "comment": "Where people can be reached by post."},
    )

    kind: Mapped[str] = mapped_column(comment="home, work, billing or shipping.")
    recipient: Mapped[str] = mapped_column(comment="The name on the envelope.")
    line1: Mapped[str] = mapped_column(comment="Street and number.")
    line2: Mapped[str] = mapped_column(server_default="", comment="Flat, floor, company.")
    city: Mapped[str] = mapped_column(comment="City, town or village.")
    region: Mapped[str | None] = mapped_column(comment="State, province or oblast, where the country has them.")
    postal_code: Mapped[str | None] = mapped_column(comment="Postal code, where the country has them.")
    country: Mapped[str] = mapped_column(comment="ISO 3166-1 code of the country, two letters.")
    is_default: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it is taken where the person chooses none; one of each kind."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
