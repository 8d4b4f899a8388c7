"""The first administrator: a person with a generated password, who owns a tenant.

All of it is one transaction of the owner of the schema, so it is there as a whole or not at all. The password is handed
out before the commit: shown and then lost with the transaction it opens nothing, and the next run makes another one;
committed and never shown it would leave a person whom nobody can log in as.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ..errors import InitRefused
from ..models import Membership, Tenant, User
from ..tenants import life
from ..tenants.work import Who, record
from .password import generate, hashed

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = r"[^\W_]([\w-]*[^\W_])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST, _LONGEST_LOCAL = 254, 64  # RFC 5321, 4.5.3.1
_EXAMPLE = "type --admin-email anna@example.com"
_WHO = Who("app-db init", "the first administrator")


@dataclass(frozen=True, slots=True)
class Administrator:
    """The first administrator: made now, there already, or left out, and why.

    `password` is known only where he was made now, and no `repr` shows it.
    """

    outcome: Literal["made", "there", "left out"]
    why: str = ""
    email: str | None = None
    tenant: str | None = None
    password: str | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON; the password among them where there is one."""
        shown = {"outcome": self.outcome, "why": self.why, "email": self.email, "tenant": self.tenant}
        return shown if self.password is None else {**shown, "password": self.password}


def check_email(email: str | None) -> str:
    """Return the address, or raise InitRefused for one that no mail would reach."""
    if not email:
        raise InitRefused(
            "the first administrator has no address: add --admin-email anna@example.com, "
            "or --skip-initial-data to make none"
        )
    local, at, domain = email.rpartition("@")
    if not at or not local or "@" in local:
        raise InitRefused(f"{email!r} is no e-mail address, which has one @ with something before it: {_EXAMPLE}")
    if any(character.isspace() or not character.isprintable() for character in email):
        raise InitRefused(f"{email!r} has a space or a control character in it, which no address has: {_EXAMPLE}")
    if not _DOMAIN.fullmatch(domain):
        raise InitRefused(f"{domain!r} is no name of a mail domain: {_EXAMPLE}")
    if len(email) > _LONGEST or len(local) > _LONGEST_LOCAL:
        lengths = f"{_LONGEST_LOCAL} before the @, {_LONGEST} in all"
        raise InitRefused(f"{email[:20]!r}… is longer than an address may be ({lengths}): {_EXAMPLE}")
    return email


def check_slug(slug: str) -> str:
    """Return the slug, or raise InitRefused for one that no tenant can have."""
    if not _SLUG.fullmatch(slug):
        raise InitRefused(
            f"{slug!r} can't be a tenant's slug, which stands in URLs: 1 to 63 small letters, digits and hyphens, "
            "no hyphen at an end: type --tenant main"
        )
    return slug


def make_administrator(
    engine: Engine, email: str, slug: str, announce: Callable[[Administrator], None]
) -> Administrator:
    """Make the person and his tenant, unless he owns it already; `announce` is called before the commit.

    Raises InitRefused where somebody else owns the tenant, or the person is there and does not own it: init gives
    nobody rights who is there already.
    """
    with Session(engine) as session:
        person = session.scalars(
            select(User).where(User.email_key == func.auth.email_key(email), User.deleted_at.is_(None))
        ).one_or_none()
        tenant = session.scalars(select(Tenant).where(Tenant.slug == slug).with_for_update()).one_or_none()
        owners = _owners(session, tenant)
        if person is not None and person.id in owners:
            found = Administrator("there", "his password stays as it is", person.email, slug)
            announce(found)
            return found
        _check_free(person, slug, owners)
        made = _make(session, email, slug, tenant)
        announce(made)
        session.commit()
        return made


def _owners(session: Session, tenant: Tenant | None) -> set[Any]:
    if tenant is None:
        return set()
    owning = (Membership.role == "owner", Membership.status == "active")
    return set(session.scalars(select(Membership.user_id).where(Membership.tenant_id == tenant.id, *owning)))


def _check_free(person: User | None, slug: str, owners: set[Any]) -> None:
    if owners:
        raise InitRefused(
            f"the tenant {slug!r} has an owner, who is not the person named: nobody was made. "
            "Give the address of its owner, or another --tenant"
        )
    if person is not None:
        raise InitRefused(
            f"a person with the address {person.email!r} is there and does not own the tenant {slug!r}, and init makes "
            "owners of nobody who is there: give another --admin-email, the --tenant that he owns, or make him an "
            "owner with your application"
        )


def _make(session: Session, email: str, slug: str, tenant: Tenant | None) -> Administrator:
    password = generate()
    secret = hashed(password)
    session.add(person := User(email=email))
    session.flush()
    if not session.scalar(select(func.auth.password_create(person.id, secret.prefix, secret.digest))):
        raise InitRefused("the database kept no password for the new person: run `app-db init` again")
    person.status = "active"
    if tenant is None:
        tenant = life.create(session, _WHO, slug, slug.capitalize())
        tenant.status, tenant.approved_at, tenant.approved_by = "approved", func.now(), person.id
    elif tenant.status not in {"pending", "approved"}:
        raise InitRefused(
            f"the tenant {slug!r} is {tenant.status}, so nobody becomes its owner: resume it, or give another --tenant"
        )
    session.add(Membership(tenant_id=tenant.id, user_id=person.id, role="owner"))
    session.flush()
    record(session, _WHO, "administrator.create", tenant.id, user=str(person.id))
    return Administrator("made", "the password is shown this once", email, slug, password)
