"""What a drill saw: how its units ended, and every row that was not the tenant's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

KINDS = ("foreign row read", "foreign row written", "without its tenant", "odd error")
EXAMPLES = 3  # of each kind


@dataclass
class Ledger:
    """Thread-safe. A finding is a leak of one of the `KINDS`; an ending is how a unit of work ended."""

    endings: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def units(self) -> int:
        """How many units of work ended."""
        with self._lock:
            return self.endings.total()

    @property
    def leaks(self) -> int:
        """How many findings there are in all."""
        with self._lock:
            return self.findings.total()

    def ended(self, how: str) -> None:
        """Note how a unit of work ended."""
        with self._lock:
            self.endings[how] += 1

    def took(self, step: str) -> None:
        """Note that a step was taken."""
        with self._lock:
            self.steps[step] += 1

    def found(self, kind: str, what: str) -> None:
        """Note a finding."""
        with self._lock:
            self.findings[kind] += 1
            self._keep(f"{kind}: {what}")

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process found."""
        with self._lock:
            self.findings.update(other["findings"])
            for example in other["examples"]:
                self._keep(example)

    def _keep(self, example: str) -> None:
        kind = example.partition(":")[0]
        if sum(kept.startswith(kind) for kept in self.examples) < EXAMPLES:
            self.examples.append(example)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        with self._lock:
            return {
                "endings": dict(self.endings), "steps": dict(self.steps), "findings": dict(self.findings),
                "examples": list(self.examples),
            }  # fmt: skip

    def check_rows(self, tenant: UUID | None, rows: Iterable[tuple[UUID, UUID]], step: str) -> None:
        """Note every row, as (tenant_id, author), that is not the tenant's, or that another tenant's unit wrote."""
        for owner, author in rows:
            if owner != tenant:
                self.found("foreign row read", f"{tenant or 'nobody'} saw a row of {owner} ({step})")
            elif author != owner:
                self.found("foreign row written", f"a row of {owner} was written by {author} ({step})")

    def check_tenant(self, tenant: UUID | None, current: UUID | None, step: str) -> None:
        """Note where the database takes the unit for another tenant's, or for nobody's."""
        if current != tenant:
            kind = "without its tenant" if current is None else "foreign row read"
            self.found(kind, f"{tenant or 'nobody'} was taken for {current or 'nobody'} ({step})")
