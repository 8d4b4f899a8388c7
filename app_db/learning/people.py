"""Who somebody is whom the identity provider knows."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession

_FIND = text("select learning.find_person(:subject)")


def find_person(session: TenantSession, subject: str) -> UUID | None:
    """Return the person of the session's tenant whom the identity provider calls so, e.g. by a subject of Cognito.

    None where nobody is. Open a session with `user_id` of what is returned to work as that person. Raises
    UnboundTransaction for a session without a tenant.
    """
    found: UUID | None = session.scalar(_FIND, {"subject": subject})
    return found
