"""The rules of isolation, and each rule of catalogue_rules, hold for every schema of ours; a violation is seen."""

from __future__ import annotations

import pytest
from lint.allowed import Finding, allowances, of_schemas, unexplained, unused
from lint.catalogue_rules import LOOKS, QUERIES
from sqlalchemy import Connection, text
from support import ROOT

from app_db.isolation import Bounds, check_isolation
from app_db.reflection import reflect
from app_db.schema import RoleNames

ALLOWED = allowances(ROOT / "tests" / "lint" / "catalogue_allowed.toml")
RULES = sorted({**QUERIES, **LOOKS})

in_a_database = pytest.mark.app_db("commit")
on_the_newest = pytest.mark.parametrize("app_db_server", ["18"], indirect=True, scope="session")

PROBE = "create table catalog.probe (tenant_id uuid not null, id uuid, material_id uuid, word text)"
KEYED = (
    "alter table catalog.probe add constraint fk_probe "
    "foreign key (tenant_id, material_id) references catalog.materials (tenant_id, id)"
)
DEFINER = "create function catalog.probe() returns integer language sql security definer"
VIEW = "create view catalog.probe"
ALL_MATERIALS = "as select * from catalog.materials"
READABLE = "grant select on catalog.probe to {app_rw}"
NO_TYPES = ("varchar(10)", "varchar", "char(2)", "timestamp", "time", "money", "serial", "json", "varchar[]")

# By rule: statements that break it, and what is then told. Each line is a violation of its own.
VIOLATIONS: list[tuple[str, list[str], str]] = [
    (
        "a foreign key is covered by an index",
        [PROBE, f"{KEYED} on delete cascade", "create index on catalog.probe (tenant_id, word, material_id)"],
        "catalog.probe.fk_probe",
    ),
    (
        "a foreign key is covered by an index",
        [PROBE, f"{KEYED} on delete cascade",
         "create index on catalog.probe (tenant_id, material_id) where word is not null"],
        "catalog.probe.fk_probe",
    ),
    ("a foreign key says what happens on delete", [PROBE, KEYED], "catalog.probe.fk_probe"),
    (
        "an index repeats no other",
        ["create index again on catalog.materials (tenant_id, id)"],
        "catalog.again by pk_materials",
    ),
    (
        "an index repeats no other",
        ["create index again on catalog.materials (tenant_id)"],
        "catalog.again by pk_materials",
    ),
    (
        "an index repeats no other",
        [PROBE, "create index one on catalog.probe (tenant_id, word) where word > 'a'",
         "create index two on catalog.probe (tenant_id, word) where word > 'a'"],
        "catalog.two by one",
    ),
    (
        "a unique index forbids more than a narrower one",
        ["create unique index again on catalog.materials (tenant_id, name, id)"],
        "catalog.again by pk_materials",
    ),
    (
        "a constraint has a name that somebody gave it",
        ["alter table catalog.materials add check (length(name) < 5000)"],
        "catalog.materials.materials_name_check",
    ),
    ("a constraint has a name that somebody gave it", [PROBE, "alter table catalog.probe add unique (word)"],
     "catalog.probe.probe_word_key"),
    (
        "ISO403",
        ["create index by_name on catalog.materials (name, tenant_id)"],
        "catalog.by_name",
    ),
    (
        "ISO501",
        [f"{DEFINER} return 1"],
        "catalog.probe()",
    ),
    (
        "ISO501",
        [f"{DEFINER} set search_path = catalog return 1"],
        "catalog.probe()",
    ),
    (
        "nobody executes a function without a grant",
        ["create function catalog.probe() returns integer language sql return 1"],
        "catalog.probe()",
    ),
    ("ISO213", [f"{VIEW} {ALL_MATERIALS}", READABLE], "catalog.probe"),
    (
        "ISO213",
        [f"{VIEW} with (security_invoker = false) {ALL_MATERIALS}", READABLE],
        "catalog.probe",
    ),
    (
        "ISO214",
        [f"create materialized view catalog.probe {ALL_MATERIALS}", READABLE],
        "catalog.probe",
    ),
    (
        "a table has row security, enabled and forced, and policies",
        ["create table catalog.probe as table catalog.materials"],
        "catalog.probe",
    ),
    (
        "a table has row security, enabled and forced, and policies",
        ["alter table catalog.materials disable row level security"],
        "catalog.materials",
    ),
    (
        "a table has row security, enabled and forced, and policies",
        ["alter table catalog.materials no force row level security"],
        "catalog.materials",
    ),
    (
        "a table has row security, enabled and forced, and policies",
        ["drop policy tenant_rows on catalog.materials", "drop policy all_rows on catalog.materials"],
        "catalog.materials",
    ),
    (
        "a policy is for roles that say which rows",
        ["create policy probe on catalog.materials to {app_rw} using (tenant_id = id)"],
        "catalog.materials.probe",
    ),
    (
        "a policy is for roles that say which rows",
        ["create policy probe on catalog.materials using (tenant_id = id)"],
        "catalog.materials.probe",
    ),
    (
        "ISO312",
        ["create policy zero on catalog.materials for select to {app_tenant} using (tenant_id = id)"],
        "catalog.materials.zero",
    ),
    (
        "ISO301",
        ["alter policy all_rows on catalog.materials to {app_all}, {app_tenant}"],
        "catalog.materials.all_rows",
    ),
    (
        "ISO302",
        ["alter policy tenant_rows on catalog.materials with check (true)"],
        "catalog.materials.tenant_rows",
    ),
    *(
        (
            rule,
            [f"alter policy tenant_rows on catalog.materials using ({predicate})"],
            "catalog.materials.tenant_rows",
        )
        for rule, predicate in (
            ("ISO303", "tenant_id = id or unit = 'kg'"),
            ("ISO304", "case when unit = 'kg' then tenant_id = id end"),
            ("ISO305", "tenant_id = (select id from tenancy.tenants limit 1)"),
            ("ISO307", "tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid)"),
        )
    ),
    *(
        (
            "a column has a type of the house",
            [f"alter table catalog.materials add column probe {unwanted}"],
            "catalog.materials.probe",
        )
        for unwanted in NO_TYPES
    ),
    ("a column has a type of the house", ["create type catalog.colour as enum ('red')"], "catalog.colour"),
    (
        "ISO207",
        ["create table ops.audit_log_x partition of ops.audit_log for values from ('1999-01-01') to ('1999-02-01')"],
        "ops.audit_log_x",
    ),
    (
        "ISO208",
        ["grant select on ops.audit_log_default to {app_rw}"],
        "ops.audit_log_default",
    ),
]  # fmt: skip


def _broken(connection: Connection, rule: str, schemas: list[str], names: RoleNames) -> list[Finding]:
    if rule.startswith("ISO"):
        bounds = Bounds(schemas=tuple(schemas), role_prefix=names.prefix)
        return [
            Finding(one.rule, one.thing, one.message)
            for one in check_isolation(connection, bounds).findings
            if one.rule == rule
        ]
    if rule in QUERIES:
        told = connection.scalars(text(QUERIES[rule]), {"schemas": schemas}).all()
    else:
        told = list(LOOKS[rule](reflect(connection, schemas, names)))
    return [Finding(rule, thing) for thing in told]


@in_a_database
@pytest.mark.parametrize("rule", RULES)
def test_every_schema_keeps_the_rule(rule: str, owner: Connection, schemas: list[str], names: RoleNames) -> None:
    findings = _broken(owner, rule, schemas, names)
    assert unexplained(findings, ALLOWED) == []
    assert unused(findings, [entry for entry in of_schemas(ALLOWED, schemas) if entry.rule == rule]) == []


@in_a_database
def test_every_schema_keeps_the_rules_of_isolation(owner: Connection, names: RoleNames) -> None:
    found = check_isolation(owner, Bounds(role_prefix=names.prefix)).findings
    # how old the machine's server is, is not our schema's fault
    assert [str(finding) for finding in found if finding.rule != "ISO601"] == []


@in_a_database
@on_the_newest
@pytest.mark.parametrize(("rule", "statements", "told"), VIOLATIONS)
def test_a_violation_is_seen(rule: str, statements: list[str], told: str, owner: Connection, names: RoleNames) -> None:
    roles = {role: names(role) for role in ("app_rw", "app_all", "app_tenant")}
    for statement in statements:
        owner.execute(text(statement.format(**roles)))
    findings = _broken(owner, rule, ["catalog", "ops"], names)
    assert told in {finding.thing for finding in findings if unexplained([finding], ALLOWED)}


def test_every_rule_has_a_violation_and_every_exception_a_rule() -> None:
    assert {rule for rule, _, _ in VIOLATIONS if not rule.startswith("ISO")} == set(RULES)
    assert {entry.rule for entry in ALLOWED} <= set(RULES)
