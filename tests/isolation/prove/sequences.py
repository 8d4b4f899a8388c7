"""Whatever people of two tenants do in turn, each sees exactly what a model says, after each step."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from uuid_utils.compat import uuid7

from app_db.isolation.prove import Proof
from app_db.isolation.prove.actors import OWNER, Context

TENANTS, PEOPLE, WORDS = (0, 1), (0, 1), ("a", "b", "c")
ACTORS = st.tuples(st.sampled_from(TENANTS), st.sampled_from(PEOPLE), st.booleans())


class Row(NamedTuple):
    """A row of the model: which table, whose it is, and what it says."""

    table: str
    tenant: int
    person: int | None
    word: str


class Sequences(RuleBasedStateMachine):
    """Customers belong to a tenant and have each address once; notes belong to a person of it."""

    proof: Proof

    @initialize()
    def begin(self) -> None:
        self.place: AbstractContextManager[Any] = self.proof.acting()
        self.sender = self.place.__enter__()
        self.tenants = [str(uuid7()) for _ in TENANTS]
        self.people = [str(uuid7()) for _ in PEOPLE]
        self.rows: dict[str, Row] = {}
        self.saved: list[dict[str, Row]] = []
        self.sender.become(self.proof.place.names(OWNER))
        for tenant in self.tenants:
            row = (tenant, f"t-{tenant[-12:]}", "T")
            self.sender.execute("insert into tenancy.tenants (id, slug, name) values (%s, %s, %s)", row)
        self.switch((0, 0, False))

    def teardown(self) -> None:
        if hasattr(self, "place"):
            self.place.__exit__(None, None, None)

    @rule(actor=ACTORS)
    def switch(self, actor: tuple[int, int, bool]) -> None:
        self.tenant, self.person, self.is_administrator = actor
        self._act_as(*actor)

    def _act_as(self, tenant: int, person: int, is_administrator: bool) -> None:
        self.sender.become("none")
        self.sender.bind(Context("", self.tenants[tenant], self.people[person]))
        login = "app_tenant_admin_login" if is_administrator else "app_login"
        self.sender.become(self.proof.place.names(login))

    def _sees(self, row: Row) -> bool:
        is_own_person = row.person is None or self.is_administrator or row.person == self.person
        return row.tenant == self.tenant and is_own_person

    def _tried(self, sql: str, parameters: tuple[Any, ...]) -> bool:
        self.sender.execute("savepoint step")
        try:
            self.sender.execute(sql, parameters)
        except self.sender.error:
            self.sender.execute("rollback to savepoint step")
            return False
        return True

    @rule(tenant=st.sampled_from(TENANTS), word=st.sampled_from(WORDS))
    def insert_customer(self, tenant: int, word: str) -> None:
        key, row = str(uuid7()), Row("customers", tenant, None, word)
        sql = "insert into shop.customers (tenant_id, id, email) values (%s, %s, %s)"
        may = tenant == self.tenant and row not in self.rows.values()
        assert self._tried(sql, (self.tenants[tenant], key, word)) is may
        if may:
            self.rows[key] = row

    @rule(tenant=st.sampled_from(TENANTS), person=st.sampled_from(PEOPLE), word=st.sampled_from(WORDS))
    def insert_note(self, tenant: int, person: int, word: str) -> None:
        key, row = str(uuid7()), Row("notes", tenant, person, word)
        sql = "insert into shop.notes (tenant_id, id, user_id, text) values (%s, %s, %s, %s)"
        may = self._sees(row)
        assert self._tried(sql, (self.tenants[tenant], key, self.people[person], word)) is may
        if may:
            self.rows[key] = row

    @rule(word=st.sampled_from(WORDS))
    def upsert_customer(self, word: str) -> None:
        key, row = str(uuid7()), Row("customers", self.tenant, None, word)
        sql = (
            "insert into shop.customers (tenant_id, id, email) values (%s, %s, %s) "
            "on conflict (tenant_id, email) do update set email = excluded.email"
        )
        assert self._tried(sql, (self.tenants[self.tenant], key, word))
        if row not in self.rows.values():
            self.rows[key] = row

    @rule(word=st.sampled_from(WORDS))
    def change_every_note(self, word: str) -> None:
        assert self._tried("update shop.notes set text = %s", (word,))
        self.rows = {
            key: row._replace(word=word) if row.table == "notes" and self._sees(row) else row
            for key, row in self.rows.items()
        }

    @rule(word=st.sampled_from(WORDS), table=st.sampled_from(("customers", "notes")))
    def delete(self, word: str, table: str) -> None:
        column = "email" if table == "customers" else "text"
        assert self._tried(f"delete from shop.{table} where {column} = %s", (word,))
        gone = {key for key, row in self.rows.items() if (row.table, row.word) == (table, word) and self._sees(row)}
        self.rows = {key: row for key, row in self.rows.items() if key not in gone}

    @rule()
    def save(self) -> None:
        self.sender.execute(f"savepoint saved_{len(self.saved)}")
        self.saved.append(dict(self.rows))

    @rule()
    def roll_back(self) -> None:
        if self.saved:
            self.rows = self.saved.pop()
            self.sender.execute(f"rollback to savepoint saved_{len(self.saved)}")
            self.switch((self.tenant, self.person, self.is_administrator))

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        if not hasattr(self, "rows"):
            return
        current = (self.tenant, self.person, self.is_administrator)
        for actor in [(tenant, person, admin) for tenant in TENANTS for person in PEOPLE for admin in (False, True)]:
            self.tenant, self.person, self.is_administrator = actor
            self._act_as(*actor)
            found = {
                row[0]
                for table in ("customers", "notes")
                for row in self.sender.rows(f"select id::text from shop.{table}")
            }
            assert found == {key for key, row in self.rows.items() if self._sees(row)}
        self.switch(current)


def run_sequences(proof: Proof) -> None:
    machine = type("Machine", (Sequences,), {"proof": proof})
    chosen = settings(
        max_examples=8, stateful_step_count=15, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=chosen)
