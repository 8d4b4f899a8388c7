set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade learning_0001 -> learning_0002

create extension if not exists pg_trgm with schema extensions;

create table learning.course_documents (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  course_id uuid not null,
  title text not null,
  kind text not null,
  source_uri text not null,
  content_sha256 bytea,
  size_bytes bigint,
  status text default 'uploaded' not null,
  error text,
  processed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_course_documents primary key (tenant_id, id),
  constraint ck_course_documents_title check (length(title) between 1 and 300),
  constraint ck_course_documents_kind check (kind in ('pdf', 'web', 'video', 'audio', 'text')),
  constraint ck_course_documents_source_uri check (length(source_uri) between 1 and 2000),
  constraint ck_course_documents_content_sha256 check (octet_length(content_sha256) = 32),
  constraint ck_course_documents_size_bytes check (size_bytes >= 0),
  constraint ck_course_documents_status check (status in ('uploaded', 'processing', 'processed', 'failed')),
  constraint ck_course_documents_error
    check (length(error) between 1 and 2000 and (status = 'failed') = (error is not null)),
  constraint ck_course_documents_processed_at check ((status = 'processed') = (processed_at is not null))
);

comment on table learning.course_documents is 'Files and pages that courses are made from.';

comment on column learning.course_documents.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.course_documents.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.course_documents.course_id is 'The course that is made from it.';

comment on column learning.course_documents.title is 'What it is called.';

comment on column learning.course_documents.kind is 'pdf, web, video, audio or text.';

comment on column learning.course_documents.source_uri is 'Where it is: the key of an object, or an address.';

comment on column learning.course_documents.content_sha256 is 'SHA-256 of its content, by which the same content is found again.';

comment on column learning.course_documents.size_bytes is 'How long its content is, in bytes.';

comment on column learning.course_documents.status is 'uploaded, processing, processed or failed.';

comment on column learning.course_documents.error is 'Why it could not be processed; empty unless it failed.';

comment on column learning.course_documents.processed_at is 'When it was processed; empty unless it is.';

comment on column learning.course_documents.created_at is 'When the row was made.';

comment on column learning.course_documents.updated_at is 'When the row was last changed.';

comment on index learning.pk_course_documents is 'A document by its id.';

create index ix_course_documents_tenant_id_course_id_created_at on learning.course_documents (tenant_id, course_id, created_at desc, id desc);

comment on index learning.ix_course_documents_tenant_id_course_id_created_at is 'The documents of a course, newest first.';

create index ix_course_documents_tenant_id_course_id_content_sha256 on learning.course_documents (tenant_id, course_id, content_sha256);

comment on index learning.ix_course_documents_tenant_id_course_id_content_sha256 is 'Documents of a course with the same content; see learning.find_duplicate_documents.';

create index ix_course_documents_tenant_id_waiting on learning.course_documents (tenant_id, created_at) where status in ('uploaded', 'processing');

comment on index learning.ix_course_documents_tenant_id_waiting is 'Documents that wait to be processed, the oldest first.';

alter table learning.course_documents add constraint fk_course_documents_tenant_id_course_id foreign key (tenant_id, course_id) references learning.courses (tenant_id, id) on delete cascade;

alter table learning.course_documents enable row level security;

alter table learning.course_documents force row level security;

create policy tenant_rows on learning.course_documents to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.course_documents to app_all using (true) with check (true);

alter table learning.course_documents add constraint fk_course_documents_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, course_id, title, kind, source_uri, content_sha256, size_bytes), update (title, source_uri, content_sha256, size_bytes, status, error, updated_at), delete on learning.course_documents to app_rw, learning_service;

grant select, insert, update (title, source_uri, content_sha256, size_bytes, status, error, updated_at), delete on learning.course_documents to app_admin;

grant select on learning.course_documents to app_ro, app_maint, app_backup, app_definer;

create table learning.processed_documents (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  document_id uuid not null,
  part integer not null,
  content text not null,
  tokens integer not null,
  model text not null,
  embedding extensions.vector(768) not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_processed_documents primary key (tenant_id, id),
  constraint uq_processed_documents_tenant_id_document_id_part unique (tenant_id, document_id, part),
  constraint ck_processed_documents_part check (part >= 1),
  constraint ck_processed_documents_content check (length(content) between 1 and 100000),
  constraint ck_processed_documents_tokens check (tokens >= 0),
  constraint ck_processed_documents_model check (length(model) between 1 and 100),
  constraint ck_processed_documents_embedding check (extensions.vector_norm(embedding) between 0.001 and 10000)
);

comment on table learning.processed_documents is 'Parts of documents, in words and as vectors.';

comment on column learning.processed_documents.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.processed_documents.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.processed_documents.document_id is 'The document that it is a part of.';

comment on column learning.processed_documents.part is 'Its place in the document, from 1.';

comment on column learning.processed_documents.content is 'The words.';

comment on column learning.processed_documents.tokens is 'How many tokens the words are to the model.';

comment on column learning.processed_documents.model is 'What has made the vector; vectors of two models can''t be compared.';

comment on column learning.processed_documents.embedding is 'What the words mean, as 768 numbers.';

comment on column learning.processed_documents.created_at is 'When the row was made.';

comment on column learning.processed_documents.updated_at is 'When the row was last changed.';

alter table learning.processed_documents alter column embedding set storage plain;

alter table learning.processed_documents set (toast_tuple_target = 4000);

create index ix_processed_documents_embedding on learning.processed_documents using hnsw ((embedding::extensions.halfvec(768)) extensions.halfvec_cosine_ops);

comment on index learning.ix_processed_documents_embedding is 'Parts of documents by what they mean; see learning.find_similar_documents.';

comment on index learning.pk_processed_documents is 'A part by its id.';

comment on index learning.uq_processed_documents_tenant_id_document_id_part is 'The parts of a document in their order.';

alter table learning.processed_documents add constraint fk_processed_documents_tenant_id_document_id foreign key (tenant_id, document_id) references learning.course_documents (tenant_id, id) on delete cascade;

alter table learning.processed_documents enable row level security;

alter table learning.processed_documents force row level security;

create policy tenant_rows on learning.processed_documents to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.processed_documents to app_all using (true) with check (true);

alter table learning.processed_documents add constraint fk_processed_documents_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, document_id, part, content, tokens, model, embedding), update (content, tokens, model, embedding, updated_at), delete on learning.processed_documents to app_rw, learning_service;

grant select, insert, update (content, tokens, model, embedding, updated_at), delete on learning.processed_documents to app_admin;

grant select on learning.processed_documents to app_ro, app_maint, app_backup, app_definer;

create table learning.keywords (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  course_id uuid not null,
  term text not null,
  term_key text collate "C" not null generated always as (lower(term)) stored,
  definition text default '' not null,
  embedding extensions.vector(768),
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_keywords primary key (tenant_id, id),
  constraint uq_keywords_tenant_id_course_id_term_key unique (tenant_id, course_id, term_key),
  constraint ck_keywords_term check (length(term) between 1 and 200),
  constraint ck_keywords_definition check (length(definition) <= 10000),
  constraint ck_keywords_embedding check (extensions.vector_norm(embedding) between 0.001 and 10000)
);

comment on table learning.keywords is 'Words of courses that are worth to be explained.';

comment on column learning.keywords.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.keywords.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.keywords.course_id is 'The course that explains it.';

comment on column learning.keywords.term is 'The word or words, as they are written.';

comment on column learning.keywords.term_key is 'The words in lower case, by which they are found and told apart.';

comment on column learning.keywords.definition is 'What it means in this course.';

comment on column learning.keywords.embedding is 'What it means, as 768 numbers, once a model has said.';

comment on column learning.keywords.created_at is 'When the row was made.';

comment on column learning.keywords.updated_at is 'When the row was last changed.';

comment on index learning.pk_keywords is 'A keyword by its id.';

comment on index learning.uq_keywords_tenant_id_course_id_term_key is 'A keyword of a course by its words; one of each.';

create index ix_keywords_tenant_id_term_key on learning.keywords (tenant_id, term_key, id);

comment on index learning.ix_keywords_tenant_id_term_key is 'Keywords of the tenant that begin with some letters, in the order of letters; see learning.search_keywords.';

create index ix_keywords_tenant_id_term_key_trigrams on learning.keywords using gin (tenant_id extensions.uuid_ops, term_key extensions.gin_trgm_ops) with (fastupdate = off);

comment on index learning.ix_keywords_tenant_id_term_key_trigrams is 'Keywords of the tenant that are spelled alike; see learning.search_keywords.';

alter table learning.keywords alter column embedding set storage plain;

alter table learning.keywords set (toast_tuple_target = 4000);

create index ix_keywords_embedding on learning.keywords using hnsw ((embedding::extensions.halfvec(768)) extensions.halfvec_cosine_ops);

comment on index learning.ix_keywords_embedding is 'Keywords by what they mean; see learning.find_similar_keywords.';

create index ix_keywords_tenant_id_course_id_embedded on learning.keywords (tenant_id, course_id, id) where embedding is not null;

comment on index learning.ix_keywords_tenant_id_course_id_embedded is 'Keywords that have a vector, counted and compared one by one; see learning.find_similar_keywords.';

alter table learning.keywords add constraint fk_keywords_tenant_id_course_id foreign key (tenant_id, course_id) references learning.courses (tenant_id, id) on delete cascade;

alter table learning.keywords enable row level security;

alter table learning.keywords force row level security;

create policy tenant_rows on learning.keywords to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.keywords to app_all using (true) with check (true);

alter table learning.keywords add constraint fk_keywords_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, course_id, term, definition, embedding), update (term, definition, embedding, updated_at), delete on learning.keywords to app_rw, learning_service;

grant select, insert, update (term, definition, embedding, updated_at), delete on learning.keywords to app_admin;

grant select on learning.keywords to app_ro, app_maint, app_backup, app_definer;

create table learning.relationships (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  source_keyword_id uuid not null,
  target_keyword_id uuid not null,
  kind text not null,
  explanation text default '' not null,
  weight smallint default 50 not null,
  feedback_people integer default 0 not null,
  feedback_helpful integer default 0 not null,
  consensus text generated always as (
    case
      when feedback_people < 3 then null
      when feedback_helpful * 3 >= feedback_people * 2 then 'helpful'
      when feedback_helpful * 3 <= feedback_people then 'unhelpful'
      else 'divided'
    end
  ) stored,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_relationships primary key (tenant_id, id),
  constraint uq_relationships_source_target_kind unique (tenant_id, source_keyword_id, target_keyword_id, kind),
  constraint ck_relationships_kind check (kind in ('prerequisite', 'similar', 'contrast', 'part_of', 'analogy')),
  constraint ck_relationships_two_keywords check (source_keyword_id <> target_keyword_id),
  constraint ck_relationships_explanation check (length(explanation) <= 10000),
  constraint ck_relationships_weight check (weight between 0 and 100),
  constraint ck_relationships_feedback_people check (feedback_people >= 0),
  constraint ck_relationships_feedback_helpful check (feedback_helpful between 0 and feedback_people)
);

comment on table learning.relationships is 'How keywords hang together, and what people think of it.';

comment on column learning.relationships.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.relationships.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.relationships.source_keyword_id is 'The keyword that it begins at.';

comment on column learning.relationships.target_keyword_id is 'The keyword that it leads to.';

comment on column learning.relationships.kind is 'prerequisite, similar, contrast, part_of or analogy.';

comment on column learning.relationships.explanation is 'Why, in words; for an analogy its text.';

comment on column learning.relationships.weight is 'How strong it is, from 0 to 100.';

comment on column learning.relationships.feedback_people is 'How many people have given feedback; counted by a trigger.';

comment on column learning.relationships.feedback_helpful is 'How many of them found it helpful; counted by a trigger.';

comment on column learning.relationships.consensus is 'helpful by two thirds, unhelpful by one third at most, or divided; empty below three people.';

comment on column learning.relationships.created_at is 'When the row was made.';

comment on column learning.relationships.updated_at is 'When the row was last changed.';

comment on index learning.pk_relationships is 'A relationship by its id.';

comment on index learning.uq_relationships_source_target_kind is 'Where a keyword leads to; one of each kind.';

create index ix_relationships_tenant_id_target_keyword_id on learning.relationships (tenant_id, target_keyword_id);

comment on index learning.ix_relationships_tenant_id_target_keyword_id is 'What leads to a keyword.';

alter table learning.relationships add constraint fk_relationships_tenant_id_source_keyword_id foreign key (tenant_id, source_keyword_id) references learning.keywords (tenant_id, id) on delete cascade;

alter table learning.relationships add constraint fk_relationships_tenant_id_target_keyword_id foreign key (tenant_id, target_keyword_id) references learning.keywords (tenant_id, id) on delete cascade;

alter table learning.relationships enable row level security;

alter table learning.relationships force row level security;

create policy tenant_rows on learning.relationships to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.relationships to app_all using (true) with check (true);

alter table learning.relationships add constraint fk_relationships_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, source_keyword_id, target_keyword_id, kind, explanation, weight), update (explanation, weight, updated_at), delete on learning.relationships to app_rw, learning_service;

grant select, insert, update (explanation, weight, updated_at), delete on learning.relationships to app_admin;

grant select on learning.relationships to app_ro, app_maint, app_backup, app_definer;

UPDATE app.alembic_version SET version_num='learning_0002' WHERE app.alembic_version.version_num = 'learning_0001';

COMMIT;

