"""What nothing of ours prevents, because it is made by a statement that somebody writes: only a look at the catalogue
of the database finds it. By number: a title, and what the look is for.
"""

from __future__ import annotations

FOR_CATALOGUE_CHECKS: dict[int, tuple[str, str]] = {
    15: (
        "A view shows what its owner sees, and our owner sees every row.",
        (
            "In schemas of ours, views that an application's role may read without security_invoker = true, and "
            "materialized views that it may read at all."
        ),
    ),
    18: (
        "A table copied by LIKE or CREATE TABLE AS has none of the policies of its source.",
        (
            "In schemas of ours, whether a model knows them or not, tables that an application's role may read or that "
            "have a tenant's column, and whose row security is not enabled and forced or which lack a policy for it."
        ),
    ),
}
