"""What a run made, what it found, and the URLs that result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine import URL

from ..settings import LoginUrl

Severity = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that bootstrap does not mend by itself: what it is, who can mend it, and what that person types."""

    severity: Severity
    what: str
    who: str
    type_this: str

    def __str__(self) -> str:
        remedy = f"; type: {self.type_this}" if self.type_this else ""
        return f"{self.what} (who can: {self.who}){remedy}"


@dataclass(frozen=True, slots=True)
class BootstrapReport:
    """The outcome of a run.

    `urls` has an entry for every login; its URL carries the password only where this run set it, and neither `str` nor
    `repr` of the report or of a URL shows it.
    """

    urls: dict[LoginUrl, URL]
    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    findings: tuple[Finding, ...]
    role_prefix: str = ""

    @property
    def failed(self) -> bool:
        """Whether something was found that must be mended before an application may use the database."""
        return any(finding.severity == "error" for finding in self.findings)

    def as_dict(self, *, show_passwords: bool = False) -> dict[str, Any]:
        """Return the report as plain values, for JSON; passwords are *** unless asked for."""
        return {
            "created": list(self.created),
            "changed": list(self.changed),
            "unchanged": list(self.unchanged),
            "findings": [
                {"severity": found.severity, "what": found.what, "who": found.who, "type_this": found.type_this}
                for found in self.findings
            ],
            "urls": {login.value: plain_url(url, show_password=show_passwords) for login, url in self.urls.items()},
            "role_prefix": self.role_prefix,
        }


def plain_url(url: URL, *, show_password: bool) -> str:
    """Return the URL as people write it, with `postgresql` and no driver."""
    return url.set(drivername="postgresql").render_as_string(hide_password=not show_password)
