"""What a check has found, and what was left out of it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...schema import RoleNames
from .rule import Finding, Severity
from .suppressions import Acceptance, Suppression, covering


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The findings, worst first.

    `accepted` are right in our own schema, `suppressed` by the user's file; `expired` are suppressions whose findings
    are back, `unused` those that nothing needs. `applications` are the roles that were judged, `tables` and
    `tenant_tables` how many tables there are, `login_is_known` whether the application's own login is among them.
    """

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...]
    suppressed: tuple[tuple[Finding, Suppression], ...]
    expired: tuple[Suppression, ...]
    unused: tuple[Suppression, ...]
    database: str
    applications: tuple[str, ...]
    tables: int
    tenant_tables: int
    login_is_known: bool = True

    def at_least(self, severity: Severity) -> list[Finding]:
        """Return the findings of this severity and of worse ones."""
        return [finding for finding in self.findings if finding.severity.rank <= severity.rank]

    @property
    def everything(self) -> list[Finding]:
        """What was found, whether it is right or not."""
        return [*self.findings, *(one for one, _ in self.accepted), *(one for one, _ in self.suppressed)]

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "database": self.database,
            "applications": list(self.applications),
            "login_is_known": self.login_is_known,
            "tables": self.tables,
            "tenant_tables": self.tenant_tables,
            "findings": [finding.as_dict() for finding in self.findings],
            "suppressed": [{**one.as_dict(), "reason": why.reason, "expires": str(why.expires)}
                           for one, why in self.suppressed],
            "accepted": [{**one.as_dict(), "reason": why} for one, why in self.accepted],
            "expired": [str(entry) for entry in self.expired],
            "unused": [str(entry) for entry in self.unused],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings, sorted by whether they are right."""

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...]
    suppressed: tuple[tuple[Finding, Suppression], ...]
    expired: tuple[Suppression, ...]
    unused: tuple[Suppression, ...]


def sort_findings(
    found: Sequence[Finding],
    accepted: Sequence[Acceptance],
    names: RoleNames,
    suppressions: Sequence[Suppression],
    today: date,
) -> Sorted:
    """Tell what is right in our own schema, and what the user says is right, from the rest."""
    reasons = {one: entry.why for one in found for entry in accepted if entry.covers(one, names)}
    left = [one for one in found if one not in reasons]
    covered = {one: entry for one in left if (entry := covering(suppressions, one, today)) is not None}
    touched = [entry for entry in suppressions if any(entry.covers(one) for one in left)]
    return Sorted(
        findings=tuple(one for one in left if one not in covered),
        accepted=tuple(reasons.items()),
        suppressed=tuple(covered.items()),
        expired=tuple(entry for entry in touched if entry.is_expired(today)),
        unused=tuple(entry for entry in suppressions if entry not in touched),
    )
