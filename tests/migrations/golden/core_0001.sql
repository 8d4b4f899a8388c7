set role app_owner;


set search_path to pg_catalog;


create schema if not exists app;


BEGIN;

CREATE TABLE app.alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> core_0001

comment on schema app is 'Context functions and the version table.';

grant usage on schema app to app_tenant, app_tenant_admin, app_all;

grant select on app.alembic_version to app_tenant, app_tenant_admin, app_all;

comment on table app.alembic_version is 'The revisions that are applied; kept by Alembic.';

comment on column app.alembic_version.version_num is 'The newest revision of a chain.';

comment on index app.alembic_version_pkc is 'Keeps a revision from being noted twice.';

create schema if not exists extensions;

comment on schema extensions is 'Extensions that the schema uses.';

grant usage on schema extensions to app_tenant, app_tenant_admin, app_all;

create extension btree_gin with schema extensions;

create schema tenancy;

comment on schema tenancy is 'Tenants, and who belongs to them.';

grant usage on schema tenancy to app_tenant, app_tenant_admin, app_all;

create schema ops;

comment on schema ops is 'What happened, within tenants and beyond.';

grant usage on schema ops to app_tenant, app_tenant_admin, app_all;

INSERT INTO app.alembic_version (version_num) VALUES ('core_0001') RETURNING app.alembic_version.version_num;

COMMIT;

