"""What is not a table: a function, its trigger, a view, and grants that are narrower than usual."""

from app_db.schema import Comment, Function, Grant, Trigger, View, attach
from studio.models import Base

REFUSE_PAST = """
begin
  if new.starts_at < now() then
    raise exception 'a booking begins at %, which is past', new.starts_at using errcode = 'check_violation';
  end if;
  return new;
end
"""

attach(
    Base.metadata,
    Comment(on="schema studio", text="Rooms by the hour."),
    Function(
        name="studio.refuse_past",
        returns="trigger",
        body=REFUSE_PAST,
        comment="Refuses a booking that begins in the past.",
    ),
    Trigger(
        name="refuse_past",
        on="studio.bookings",
        fires="before insert",
        function="studio.refuse_past()",
        comment="A booking begins in the future.",
    ),
    View(
        name="studio.busy_rooms",
        # as the server prints it
        query=" SELECT tenant_id,\n    room_id,\n    count(*) AS bookings\n   FROM studio.bookings\n"
        "  WHERE (ends_at > now())\n  GROUP BY tenant_id, room_id;",
        comment="How many bookings are ahead of each room.",
    ),
    Grant(on="studio.busy_rooms", role="app_rw", privileges=("select",)),
    Grant(on="studio.clients", role="app_rw", privileges=("select", "insert", "update (email, name)", "delete")),
)
