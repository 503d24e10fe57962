"""Events are append-only, and a chain cannot fork: the database itself sees to both.

The functions and triggers belong to the role that migrates. The application's role does not own
the table, so it can neither drop nor disable them, and it lacks the privileges besides.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations

GUARD = """
CREATE FUNCTION archive_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'archive_event is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Record another event that corrects this one.';
END $$;

CREATE TRIGGER archive_event_no_change BEFORE UPDATE OR DELETE ON archive_event
    FOR EACH ROW EXECUTE FUNCTION archive_event_refuse();
CREATE TRIGGER archive_event_no_truncate BEFORE TRUNCATE ON archive_event
    FOR EACH STATEMENT EXECUTE FUNCTION archive_event_refuse();

CREATE FUNCTION archive_event_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    -- By its number: a temporary table of the same name must not stand in for it.
    EXECUTE format('SELECT sequence, digest FROM %s WHERE chain = $1'
                   ' ORDER BY sequence DESC LIMIT 1', TG_RELID::regclass)
        INTO head USING NEW.chain;
    IF NEW.sequence IS DISTINCT FROM coalesce(head.sequence, 0) + 1
       OR NEW.previous IS DISTINCT FROM coalesce(head.digest, '')
       OR NEW.digest !~ '^[0-9a-f]{64}$' THEN
        RAISE EXCEPTION 'event % of chain % does not follow event %',
            NEW.sequence, NEW.chain, coalesce(head.sequence, 0)
            USING ERRCODE = 'integrity_constraint_violation',
                  HINT = 'Write events with archive.custody.record alone.';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER archive_event_follows BEFORE INSERT ON archive_event
    FOR EACH ROW EXECUTE FUNCTION archive_event_follow();

CREATE TRIGGER archive_agent_no_change BEFORE UPDATE OR DELETE ON archive_agent
    FOR EACH ROW EXECUTE FUNCTION archive_event_refuse();
CREATE TRIGGER archive_agent_no_truncate BEFORE TRUNCATE ON archive_agent
    FOR EACH STATEMENT EXECUTE FUNCTION archive_event_refuse();
"""
UNGUARD = """
DROP TRIGGER archive_agent_no_truncate ON archive_agent;
DROP TRIGGER archive_agent_no_change ON archive_agent;
DROP TRIGGER archive_event_follows ON archive_event;
DROP TRIGGER archive_event_no_truncate ON archive_event;
DROP TRIGGER archive_event_no_change ON archive_event;
DROP FUNCTION archive_event_follow();
DROP FUNCTION archive_event_refuse();
"""


def revoke(apps: Any, schema_editor: Any) -> None:
    """Take from the application's role what would change events, if there is such a role."""
    role = settings.DATABASES["default"].get("USER")
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role]
        )
        if cursor.fetchone() is None:
            return
        name = connection.ops.quote_name(role)
        for table in ("archive_event", "archive_agent"):
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON {table} FROM {name}")


class Migration(migrations.Migration):
    dependencies = [("archive", "0001_initial")]
    operations = [
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
