CREATE SCHEMA app;

ALTER SCHEMA app OWNER TO app_owner;

COMMENT ON SCHEMA app IS 'Context functions and the version table.';

CREATE SCHEMA catalog;

ALTER SCHEMA catalog OWNER TO app_owner;

COMMENT ON SCHEMA catalog IS 'What tenants buy, sell or estimate with.';

CREATE SCHEMA extensions;

ALTER SCHEMA extensions OWNER TO app_owner;

COMMENT ON SCHEMA extensions IS 'Extensions that the schema uses.';

CREATE SCHEMA ops;

ALTER SCHEMA ops OWNER TO app_owner;

COMMENT ON SCHEMA ops IS 'What happened, within tenants and beyond.';

CREATE SCHEMA tenancy;

ALTER SCHEMA tenancy OWNER TO app_owner;

COMMENT ON SCHEMA tenancy IS 'Tenants, and who belongs to them.';

CREATE FUNCTION app.current_tenant_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid;

ALTER FUNCTION app.current_tenant_id() OWNER TO app_owner;

COMMENT ON FUNCTION app.current_tenant_id() IS 'The tenant that the transaction is bound to, or null.';

CREATE FUNCTION app.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid;

ALTER FUNCTION app.current_user_id() OWNER TO app_owner;

COMMENT ON FUNCTION app.current_user_id() IS 'The person that the transaction is bound to, or null.';

CREATE FUNCTION app.set_current_tenant_id(tenant_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('set local app.current_tenant_id = %L', coalesce(tenant_id::text, ''));
end
$$;

ALTER FUNCTION app.set_current_tenant_id(tenant_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION app.set_current_tenant_id(tenant_id uuid) IS 'Binds the transaction to a tenant, or to none with null.';

CREATE FUNCTION app.set_current_user_id(user_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('set local app.current_user_id = %L', coalesce(user_id::text, ''));
end
$$;

ALTER FUNCTION app.set_current_user_id(user_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION app.set_current_user_id(user_id uuid) IS 'Binds the transaction to a person, or to none with null.';

CREATE FUNCTION app.uuid7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    RETURN uuidv7();

ALTER FUNCTION app.uuid7() OWNER TO app_owner;

COMMENT ON FUNCTION app.uuid7() IS 'A new UUIDv7 (RFC 9562): unique, in the order of creation.';

CREATE FUNCTION catalog.search_materials(query text, result_limit integer DEFAULT 20) RETURNS TABLE(id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := app.current_tenant_id();
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  return query
    select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, ts_rank(m.search, words) as rank
    from catalog.materials as m
    where m.tenant_id = tenant and m.search @@ words
    order by rank desc, m.id
    limit result_limit;
end
$$;

ALTER FUNCTION catalog.search_materials(query text, result_limit integer) OWNER TO app_definer;

COMMENT ON FUNCTION catalog.search_materials(query text, result_limit integer) IS 'The current tenant''s materials that match, best first.';

CREATE TABLE app.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE app.alembic_version OWNER TO app_owner;

COMMENT ON TABLE app.alembic_version IS 'The revisions that are applied; kept by Alembic.';

COMMENT ON COLUMN app.alembic_version.version_num IS 'The newest revision of a chain.';

CREATE TABLE catalog.materials (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    unit text NOT NULL,
    price_minor bigint NOT NULL,
    currency text DEFAULT 'RUB'::text NOT NULL,
    search tsvector GENERATED ALWAYS AS (((setweight(to_tsvector('russian'::regconfig, name), 'A'::"char") || setweight(to_tsvector('russian'::regconfig, code), 'A'::"char")) || setweight(to_tsvector('russian'::regconfig, description), 'B'::"char"))) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_materials_code CHECK (((length(code) >= 1) AND (length(code) <= 64))),
    CONSTRAINT ck_materials_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_materials_description CHECK ((length(description) <= 10000)),
    CONSTRAINT ck_materials_name CHECK (((length(name) >= 1) AND (length(name) <= 500))),
    CONSTRAINT ck_materials_price_minor CHECK ((price_minor >= 0)),
    CONSTRAINT ck_materials_unit CHECK (((length(unit) >= 1) AND (length(unit) <= 32)))
);

ALTER TABLE ONLY catalog.materials FORCE ROW LEVEL SECURITY;

ALTER TABLE catalog.materials OWNER TO app_owner;

COMMENT ON TABLE catalog.materials IS 'The materials of each tenant''s catalogue, with their prices.';

COMMENT ON COLUMN catalog.materials.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN catalog.materials.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN catalog.materials.code IS 'The tenant''s own number for it.';

COMMENT ON COLUMN catalog.materials.name IS 'What people call it, in Russian or English.';

COMMENT ON COLUMN catalog.materials.description IS 'Whatever helps to find and to choose it.';

COMMENT ON COLUMN catalog.materials.unit IS 'The unit that the price is for, e.g. kg, m2, шт.';

COMMENT ON COLUMN catalog.materials.price_minor IS 'The price of one unit, in the currency''s minor unit.';

COMMENT ON COLUMN catalog.materials.currency IS 'ISO 4217 code of the currency.';

COMMENT ON COLUMN catalog.materials.search IS 'What the full-text search looks at: name, code and description.';

COMMENT ON COLUMN catalog.materials.created_at IS 'When the row was made.';

COMMENT ON COLUMN catalog.materials.updated_at IS 'When the row was last changed.';

CREATE TABLE ops.audit_log (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_audit_log_action CHECK (((length(action) >= 1) AND (length(action) <= 100))),
    CONSTRAINT ck_audit_log_details CHECK ((jsonb_typeof(details) = 'object'::text))
);

ALTER TABLE ONLY ops.audit_log FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.audit_log OWNER TO app_owner;

COMMENT ON TABLE ops.audit_log IS 'What was done in a tenant; rows are added and never changed.';

COMMENT ON COLUMN ops.audit_log.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN ops.audit_log.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN ops.audit_log.actor_id IS 'The person who did it; empty for the system itself.';

COMMENT ON COLUMN ops.audit_log.action IS 'What was done, as noun.verb, e.g. material.delete.';

COMMENT ON COLUMN ops.audit_log.subject IS 'What it was done to, as table:id.';

COMMENT ON COLUMN ops.audit_log.details IS 'Whatever else matters, a JSON object; no secrets.';

COMMENT ON COLUMN ops.audit_log.created_at IS 'When the row was made.';

CREATE TABLE ops.system_event (
    id uuid DEFAULT app.uuid7() NOT NULL,
    event text NOT NULL,
    actor text,
    reason text,
    work_id uuid,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_system_event_details CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT ck_system_event_event CHECK (((length(event) >= 1) AND (length(event) <= 100)))
);

ALTER TABLE ONLY ops.system_event FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.system_event OWNER TO app_owner;

COMMENT ON TABLE ops.system_event IS 'What happened beyond any tenant; rows are added and never changed.';

COMMENT ON COLUMN ops.system_event.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN ops.system_event.event IS 'What happened, as noun.verb, e.g. admin.begin.';

COMMENT ON COLUMN ops.system_event.actor IS 'Who did it.';

COMMENT ON COLUMN ops.system_event.reason IS 'Why it was done.';

COMMENT ON COLUMN ops.system_event.work_id IS 'Ties the events of one piece of work together.';

COMMENT ON COLUMN ops.system_event.details IS 'Whatever else matters, a JSON object; no secrets.';

COMMENT ON COLUMN ops.system_event.created_at IS 'When the row was made.';

CREATE TABLE tenancy.memberships (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_memberships_role CHECK ((role = ANY (ARRAY['owner'::text, 'administrator'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY tenancy.memberships FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.memberships OWNER TO app_owner;

COMMENT ON TABLE tenancy.memberships IS 'Who belongs to which tenant, and as what.';

COMMENT ON COLUMN tenancy.memberships.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.memberships.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.memberships.user_id IS 'The person; no foreign key, as people live in another service.';

COMMENT ON COLUMN tenancy.memberships.role IS 'owner, administrator, member or viewer.';

COMMENT ON COLUMN tenancy.memberships.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.memberships.updated_at IS 'When the row was last changed.';

CREATE TABLE tenancy.tenants (
    id uuid DEFAULT app.uuid7() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    subscription_plan text DEFAULT 'free'::text NOT NULL,
    subscription_status text DEFAULT 'trial'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    rejection_reason text,
    approved_at timestamp with time zone,
    approved_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tenants_approved CHECK (((status <> ALL (ARRAY['approved'::text, 'suspended'::text])) OR ((approved_at IS NOT NULL) AND (approved_by IS NOT NULL)))),
    CONSTRAINT ck_tenants_name CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT ck_tenants_rejection_reason CHECK (((status = 'rejected'::text) = (rejection_reason IS NOT NULL))),
    CONSTRAINT ck_tenants_settings CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT ck_tenants_slug CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
    CONSTRAINT ck_tenants_status CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'suspended'::text]))),
    CONSTRAINT ck_tenants_subscription_status CHECK ((subscription_status = ANY (ARRAY['trial'::text, 'active'::text, 'past_due'::text, 'canceled'::text])))
);

ALTER TABLE ONLY tenancy.tenants FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.tenants OWNER TO app_owner;

COMMENT ON TABLE tenancy.tenants IS 'The customers of the application; each sees its own row only.';

COMMENT ON COLUMN tenancy.tenants.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.tenants.slug IS 'Short name in URLs: lower-case letters, digits and hyphens.';

COMMENT ON COLUMN tenancy.tenants.name IS 'What people call it.';

COMMENT ON COLUMN tenancy.tenants.settings IS 'The tenant''s own settings, a JSON object.';

COMMENT ON COLUMN tenancy.tenants.subscription_plan IS 'The plan it pays for.';

COMMENT ON COLUMN tenancy.tenants.subscription_status IS 'trial, active, past_due or canceled.';

COMMENT ON COLUMN tenancy.tenants.status IS 'Where its approval stands: pending, approved, rejected or suspended.';

COMMENT ON COLUMN tenancy.tenants.rejection_reason IS 'Why it was rejected; empty otherwise.';

COMMENT ON COLUMN tenancy.tenants.approved_at IS 'When it was approved.';

COMMENT ON COLUMN tenancy.tenants.approved_by IS 'Who approved it.';

COMMENT ON COLUMN tenancy.tenants.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.tenants.updated_at IS 'When the row was last changed.';

ALTER TABLE ONLY app.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT pk_materials PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT uq_materials_tenant_id_code UNIQUE (tenant_id, code);

ALTER TABLE ONLY ops.audit_log
    ADD CONSTRAINT pk_audit_log PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY ops.system_event
    ADD CONSTRAINT pk_system_event PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT pk_memberships PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.tenants
    ADD CONSTRAINT pk_tenants PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT uq_memberships_tenant_id_user_id UNIQUE (tenant_id, user_id);

ALTER TABLE ONLY tenancy.tenants
    ADD CONSTRAINT uq_tenants_slug UNIQUE (slug);

COMMENT ON INDEX app.alembic_version_pkc IS 'Keeps a revision from being noted twice.';

CREATE INDEX ix_materials_tenant_id_created_at ON catalog.materials USING btree (tenant_id, created_at DESC, id DESC);

COMMENT ON INDEX catalog.ix_materials_tenant_id_created_at IS 'The newest materials of a tenant.';

CREATE INDEX ix_materials_tenant_id_search ON catalog.materials USING gin (tenant_id, search) WITH (fastupdate=off);

COMMENT ON INDEX catalog.ix_materials_tenant_id_search IS 'Full-text search within a tenant.';

COMMENT ON INDEX catalog.pk_materials IS 'A material by its id.';

COMMENT ON INDEX catalog.uq_materials_tenant_id_code IS 'A material by the tenant''s own number.';

CREATE INDEX ix_audit_log_tenant_id_created_at ON ops.audit_log USING btree (tenant_id, created_at DESC);

COMMENT ON INDEX ops.ix_audit_log_tenant_id_created_at IS 'The newest entries of a tenant.';

CREATE INDEX ix_system_event_created_at ON ops.system_event USING btree (created_at DESC);

COMMENT ON INDEX ops.ix_system_event_created_at IS 'The newest events.';

COMMENT ON INDEX ops.pk_audit_log IS 'An entry by its id.';

COMMENT ON INDEX ops.pk_system_event IS 'An event by its id.';

COMMENT ON INDEX tenancy.pk_memberships IS 'A membership by its id.';

COMMENT ON INDEX tenancy.pk_tenants IS 'A tenant by its id; every policy of this table reads by it.';

COMMENT ON INDEX tenancy.uq_memberships_tenant_id_user_id IS 'A person''s membership in the tenant; the tenant''s people.';

COMMENT ON INDEX tenancy.uq_tenants_slug IS 'A tenant by its name in a URL.';

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT fk_materials_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ops.audit_log
    ADD CONSTRAINT fk_audit_log_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT fk_memberships_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

CREATE POLICY all_rows ON catalog.materials TO app_all USING (true) WITH CHECK (true);

ALTER TABLE catalog.materials ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON catalog.materials TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY all_rows ON ops.audit_log TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON ops.system_event TO app_all USING (true) WITH CHECK (true);

ALTER TABLE ops.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.system_event ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON ops.audit_log TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY all_rows ON tenancy.memberships TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.tenants TO app_all USING (true) WITH CHECK (true);

ALTER TABLE tenancy.memberships ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON tenancy.memberships TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.tenants TO app_tenant, app_tenant_admin USING ((id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE tenancy.tenants ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA app TO app_tenant;
GRANT USAGE ON SCHEMA app TO app_tenant_admin;
GRANT USAGE ON SCHEMA app TO app_all;

GRANT USAGE ON SCHEMA catalog TO app_tenant;
GRANT USAGE ON SCHEMA catalog TO app_tenant_admin;
GRANT USAGE ON SCHEMA catalog TO app_all;

GRANT USAGE ON SCHEMA extensions TO app_tenant;
GRANT USAGE ON SCHEMA extensions TO app_tenant_admin;
GRANT USAGE ON SCHEMA extensions TO app_all;

GRANT USAGE ON SCHEMA ops TO app_tenant;
GRANT USAGE ON SCHEMA ops TO app_tenant_admin;
GRANT USAGE ON SCHEMA ops TO app_all;

GRANT USAGE ON SCHEMA tenancy TO app_tenant;
GRANT USAGE ON SCHEMA tenancy TO app_tenant_admin;
GRANT USAGE ON SCHEMA tenancy TO app_all;

REVOKE ALL ON FUNCTION app.current_tenant_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_tenant;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_all;

REVOKE ALL ON FUNCTION app.current_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.current_user_id() TO app_tenant;
GRANT ALL ON FUNCTION app.current_user_id() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.current_user_id() TO app_all;

REVOKE ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_tenant;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_tenant_admin;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_all;

REVOKE ALL ON FUNCTION app.set_current_user_id(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_tenant;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_tenant_admin;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_all;

REVOKE ALL ON FUNCTION app.uuid7() FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid7() TO app_tenant;
GRANT ALL ON FUNCTION app.uuid7() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.uuid7() TO app_all;

REVOKE ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_rw;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_ro;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO catalog_service;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_admin;

GRANT SELECT ON TABLE app.alembic_version TO app_tenant;
GRANT SELECT ON TABLE app.alembic_version TO app_tenant_admin;
GRANT SELECT ON TABLE app.alembic_version TO app_all;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO catalog_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO app_admin;
GRANT SELECT ON TABLE catalog.materials TO app_ro;
GRANT SELECT ON TABLE catalog.materials TO app_maint;
GRANT SELECT ON TABLE catalog.materials TO app_backup;
GRANT SELECT ON TABLE catalog.materials TO app_definer;

GRANT SELECT,INSERT ON TABLE ops.audit_log TO app_rw;
GRANT SELECT,INSERT ON TABLE ops.audit_log TO app_admin;
GRANT SELECT,INSERT ON TABLE ops.audit_log TO admin_service;
GRANT SELECT ON TABLE ops.audit_log TO app_ro;
GRANT SELECT ON TABLE ops.audit_log TO app_maint;
GRANT SELECT ON TABLE ops.audit_log TO app_backup;

GRANT SELECT,INSERT ON TABLE ops.system_event TO app_admin;
GRANT SELECT,INSERT ON TABLE ops.system_event TO app_maint;
GRANT SELECT ON TABLE ops.system_event TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.memberships TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.memberships TO app_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.memberships TO admin_service;
GRANT SELECT ON TABLE tenancy.memberships TO app_ro;
GRANT SELECT ON TABLE tenancy.memberships TO app_maint;
GRANT SELECT ON TABLE tenancy.memberships TO app_backup;

GRANT SELECT ON TABLE tenancy.tenants TO app_rw;
GRANT SELECT ON TABLE tenancy.tenants TO app_ro;
GRANT SELECT ON TABLE tenancy.tenants TO app_maint;
GRANT SELECT ON TABLE tenancy.tenants TO app_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.tenants TO app_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.tenants TO admin_service;

GRANT UPDATE(name) ON TABLE tenancy.tenants TO app_rw;

GRANT UPDATE(settings) ON TABLE tenancy.tenants TO app_rw;

GRANT UPDATE(updated_at) ON TABLE tenancy.tenants TO app_rw;
