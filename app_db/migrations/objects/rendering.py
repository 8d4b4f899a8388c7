"""How autogenerate writes an operation into a revision."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext

from ...schema import Comment
from .operations import ObjectOp, fields_of

_LONGEST = 100


@renderers.dispatch_for(ObjectOp)
def render(_context: AutogenContext, operation: ObjectOp) -> str:
    """Return the call, e.g. `op.create_policy(name='tenant_rows', …)`."""
    if isinstance(operation.new, Comment) and operation.old is None:
        return f"ddl.comment_on({_written(operation.new.on)}, {_written(operation.new.text)})"
    fields = fields_of(operation.new or operation.subject)
    arguments = [f"{name}={_written(value)}" for name, value in fields.items()]
    if operation.new and operation.old:
        before = vars(operation.old)
        was = {name: before[name] for name in vars(operation.new) if before[name] != vars(operation.new)[name]}
        arguments.append(f"was={{{', '.join(f'{name!r}: {_written(value)}' for name, value in was.items())}}}")
    call = f"op.{operation.verb}_{operation.subject.kind}"
    line = f"{call}({', '.join(arguments)})"
    if len(line) <= _LONGEST:
        return line
    return f"{call}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(repr(entry) for entry in value)}]"
    if isinstance(value, str) and "\n" in value:  # Alembic indents what it is given, and so would the text
        lines = "".join(f"\n        {line!r}" for line in value.splitlines(keepends=True))
        return f"({lines}\n    )"
    return repr(value)
