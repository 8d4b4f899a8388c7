"""What courses are made from, and the keywords in it, with their vectors.

Why: all of it is the tenant's, as everybody learns from it. The status of a document, the counts of feedback and the
consensus are kept by triggers, so nobody may insert them, nor change the counts. Trigrams need `pg_trgm`, a trusted
extension: the owner of the database may create it. Their index has no pending list: after bulk writes it made a search
as slow as a scan. Keywords are compared by code point (collation "C"), so that a prefix is a range of the index.

Vectors stay in their rows (storage plain), as comparing some thousands of them one by one took five times as long from
TOAST; two rows fit a page, and longer words go to TOAST instead. An index of vectors can't lead with the tenant; it
holds numbers of half precision, which halves it, and learning_0006 compares what it finds with the whole ones. The norm
of a vector is bounded, as zero has no direction and half precision ends at 65504.

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants and learning.courses
for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows; the extension pg_trgm too, unless something else uses it or somebody else made
it.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0002"
down_revision = "learning_0001"
branch_labels = None
depends_on = None

DROP_EXTENSION = """
do $do$
begin
  if exists (select from pg_extension where extname = 'pg_trgm' and extowner = current_user::regrole) then
    drop extension pg_trgm;
  end if;
exception when dependent_objects_still_exist then
  raise notice 'extension pg_trgm stays: something else uses it';
end
$do$
"""

KEY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
}
TIME_COLUMNS = {
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

COURSE_DOCUMENT = """
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
)
"""

COURSE_DOCUMENT_COLUMNS = {
    **KEY_COLUMNS,
    "course_id": "The course that is made from it.",
    "title": "What it is called.",
    "kind": "pdf, web, video, audio or text.",
    "source_uri": "Where it is: the key of an object, or an address.",
    "content_sha256": "SHA-256 of its content, by which the same content is found again.",
    "size_bytes": "How long its content is, in bytes.",
    "status": "uploaded, processing, processed or failed.",
    "error": "Why it could not be processed; empty unless it failed.",
    "processed_at": "When it was processed; empty unless it is.",
    **TIME_COLUMNS,
}

PROCESSED_DOCUMENT = """
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
)
"""

PROCESSED_DOCUMENT_COLUMNS = {
    **KEY_COLUMNS,
    "document_id": "The document that it is a part of.",
    "part": "Its place in the document, from 1.",
    "content": "The words.",
    "tokens": "How many tokens the words are to the model.",
    "model": "What has made the vector; vectors of two models can't be compared.",
    "embedding": "What the words mean, as 768 numbers.",
    **TIME_COLUMNS,
}

KEYWORD = """
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
)
"""

KEYWORD_COLUMNS = {
    **KEY_COLUMNS,
    "course_id": "The course that explains it.",
    "term": "The word or words, as they are written.",
    "term_key": "The words in lower case, by which they are found and told apart.",
    "definition": "What it means in this course.",
    "embedding": "What it means, as 768 numbers, once a model has said.",
    **TIME_COLUMNS,
}

RELATIONSHIP = """
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
)
"""

RELATIONSHIP_COLUMNS = {
    **KEY_COLUMNS,
    "source_keyword_id": "The keyword that it begins at.",
    "target_keyword_id": "The keyword that it leads to.",
    "kind": "prerequisite, similar, contrast, part_of or analogy.",
    "explanation": "Why, in words; for an analogy its text.",
    "weight": "How strong it is, from 0 to 100.",
    "feedback_people": "How many people have given feedback; counted by a trigger.",
    "feedback_helpful": "How many of them found it helpful; counted by a trigger.",
    "consensus": "helpful by two thirds, unhelpful by one third at most, or divided; empty below three people.",
    **TIME_COLUMNS,
}


def upgrade() -> None:
    ddl.execute("create extension if not exists pg_trgm with schema extensions")
    ddl.execute(COURSE_DOCUMENT)
    ddl.comment_on_table(
        "learning.course_documents", "Files and pages that courses are made from.", COURSE_DOCUMENT_COLUMNS
    )
    ddl.comment_on("index learning.pk_course_documents", "A document by its id.")
    index(
        "ix_course_documents_tenant_id_course_id_created_at",
        "course_documents",
        "tenant_id, course_id, created_at desc, id desc",
        "The documents of a course, newest first.",
    )
    index(
        "ix_course_documents_tenant_id_course_id_content_sha256",
        "course_documents",
        "tenant_id, course_id, content_sha256",
        "Documents of a course with the same content; see learning.find_duplicate_documents.",
    )
    index(
        "ix_course_documents_tenant_id_waiting",
        "course_documents",
        "tenant_id, created_at",
        "Documents that wait to be processed, the oldest first.",
        where="status in ('uploaded', 'processing')",
    )
    refer("course_documents", "course_id", "courses", on_delete="cascade")
    ddl.tenant_policies("learning.course_documents")
    protect(
        "course_documents",
        inserted="tenant_id, id, course_id, title, kind, source_uri, content_sha256, size_bytes",
        updated="title, source_uri, content_sha256, size_bytes, status, error, updated_at",
        deleted=True,
    )

    ddl.execute(PROCESSED_DOCUMENT)
    ddl.comment_on_table(
        "learning.processed_documents", "Parts of documents, in words and as vectors.", PROCESSED_DOCUMENT_COLUMNS
    )
    index_embedding("processed_documents", "Parts of documents by what they mean; see learning.find_similar_documents.")
    ddl.comment_on("index learning.pk_processed_documents", "A part by its id.")
    ddl.comment_on(
        "index learning.uq_processed_documents_tenant_id_document_id_part", "The parts of a document in their order."
    )
    refer("processed_documents", "document_id", "course_documents", on_delete="cascade")
    ddl.tenant_policies("learning.processed_documents")
    protect(
        "processed_documents",
        inserted="tenant_id, id, document_id, part, content, tokens, model, embedding",
        updated="content, tokens, model, embedding, updated_at",
        deleted=True,
    )

    ddl.execute(KEYWORD)
    ddl.comment_on_table("learning.keywords", "Words of courses that are worth to be explained.", KEYWORD_COLUMNS)
    ddl.comment_on("index learning.pk_keywords", "A keyword by its id.")
    ddl.comment_on(
        "index learning.uq_keywords_tenant_id_course_id_term_key", "A keyword of a course by its words; one of each."
    )
    index(
        "ix_keywords_tenant_id_term_key",
        "keywords",
        "tenant_id, term_key, id",
        "Keywords of the tenant that begin with some letters, in the order of letters; see learning.search_keywords.",
    )
    index(
        "ix_keywords_tenant_id_term_key_trigrams",
        "keywords",
        "tenant_id extensions.uuid_ops, term_key extensions.gin_trgm_ops",
        "Keywords of the tenant that are spelled alike; see learning.search_keywords.",
        gin=True,
    )
    index_embedding("keywords", "Keywords by what they mean; see learning.find_similar_keywords.")
    index(
        "ix_keywords_tenant_id_course_id_embedded",
        "keywords",
        "tenant_id, course_id, id",
        "Keywords that have a vector, counted and compared one by one; see learning.find_similar_keywords.",
        where="embedding is not null",
    )
    refer("keywords", "course_id", "courses", on_delete="cascade")
    ddl.tenant_policies("learning.keywords")
    protect(
        "keywords",
        inserted="tenant_id, id, course_id, term, definition, embedding",
        updated="term, definition, embedding, updated_at",
        deleted=True,
    )

    ddl.execute(RELATIONSHIP)
    ddl.comment_on_table(
        "learning.relationships", "How keywords hang together, and what people think of it.", RELATIONSHIP_COLUMNS
    )
    ddl.comment_on("index learning.pk_relationships", "A relationship by its id.")
    ddl.comment_on("index learning.uq_relationships_source_target_kind", "Where a keyword leads to; one of each kind.")
    index(
        "ix_relationships_tenant_id_target_keyword_id",
        "relationships",
        "tenant_id, target_keyword_id",
        "What leads to a keyword.",
    )
    refer("relationships", "source_keyword_id", "keywords", on_delete="cascade")
    refer("relationships", "target_keyword_id", "keywords", on_delete="cascade")
    ddl.tenant_policies("learning.relationships")
    protect(
        "relationships",
        inserted="tenant_id, id, source_keyword_id, target_keyword_id, kind, explanation, weight",
        updated="explanation, weight, updated_at",
        deleted=True,
    )


def index(name: str, table: str, columns: str, comment: str, *, gin: bool = False, where: str = "") -> None:
    method, options = ("using gin ", " with (fastupdate = off)") if gin else ("", "")
    rows = f" where {where}" if where else ""
    ddl.execute(f"create index {name} on learning.{table} {method}({columns}){options}{rows}")
    ddl.comment_on(f"index learning.{name}", comment)


def index_embedding(table: str, comment: str) -> None:
    ddl.execute(f"alter table learning.{table} alter column embedding set storage plain")
    ddl.execute(f"alter table learning.{table} set (toast_tuple_target = 4000)")
    ddl.execute(
        f"create index ix_{table}_embedding on learning.{table} "
        "using hnsw ((embedding::extensions.halfvec(768)) extensions.halfvec_cosine_ops)"
    )
    ddl.comment_on(f"index learning.ix_{table}_embedding", comment)


def refer(table: str, column: str, target: str, *, on_delete: str) -> None:
    ddl.execute(
        f"alter table learning.{table} add constraint fk_{table}_tenant_id_{column} "
        f"foreign key (tenant_id, {column}) references learning.{target} (tenant_id, id) on delete {on_delete}"
    )


def protect(table: str, *, inserted: str, updated: str, deleted: bool = False, kept: str = "") -> None:
    ddl.belongs_to_tenant(f"learning.{table}", f"fk_{table}_tenant_id")
    written = f"select, insert ({inserted}), update ({updated}){', delete' if deleted else ''}"
    ddl.grant(written, f"learning.{table}", ["app_rw", "learning_service"])
    # an administrator takes a tenant away as a whole and puts it back, and changes what an application changes
    ddl.grant(f"select, insert, update ({kept}{updated}), delete", f"learning.{table}", ["app_admin"])
    ddl.grant("select", f"learning.{table}", ["app_ro", "app_maint", "app_backup", "app_definer"])


def downgrade() -> None:
    ddl.execute("drop table learning.relationships")
    ddl.execute("drop table learning.keywords")
    ddl.execute("drop table learning.processed_documents")
    ddl.execute("drop table learning.course_documents")
    ddl.execute(DROP_EXTENSION)
