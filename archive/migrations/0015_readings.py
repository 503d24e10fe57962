"""Who read restricted film: rows that nobody changes, and only the owner removes, when old."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

GUARD = """
CREATE FUNCTION archive_reading_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'archive_reading is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What is old is removed by manage.py forget_readings.';
END $$;

CREATE TRIGGER archive_reading_no_change BEFORE UPDATE OR DELETE ON archive_reading
    FOR EACH ROW EXECUTE FUNCTION archive_reading_refuse();
CREATE TRIGGER archive_reading_no_truncate BEFORE TRUNCATE ON archive_reading
    FOR EACH STATEMENT EXECUTE FUNCTION archive_reading_refuse();
"""
UNGUARD = """
DROP TRIGGER archive_reading_no_truncate ON archive_reading;
DROP TRIGGER archive_reading_no_change ON archive_reading;
DROP FUNCTION archive_reading_refuse();
"""


def revoke(apps: Any, schema_editor: Any) -> None:
    """Take from the application's role what would change readings, if there is such a role."""
    role = settings.DATABASES["default"].get("USER")
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role]
        )
        if cursor.fetchone() is not None:
            name = connection.ops.quote_name(role)
            cursor.execute(
                f"REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON archive_reading FROM {name}"
            )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("archive", "0014_description_drafts"),
    ]
    operations = [
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=Now())),
                ("why", models.CharField(choices=[("embargo", "under embargo"), ("closed", "in a closed collection")], help_text="Why it is restricted", max_length=10)),
                ("what", models.CharField(help_text="The address by name, such as scan-proxy", max_length=80)),
                ("address", models.CharField(help_text="The first one of that name", max_length=300)),
                ("media", models.BooleanField(help_text="Film, sound or a file; else a page")),
                ("person", models.ForeignKey(on_delete=models.deletion.PROTECT, related_name="readings", to=settings.AUTH_USER_MODEL)),
                ("reel", models.ForeignKey(on_delete=models.deletion.PROTECT, related_name="readings", to="archive.reel")),
            ],
            options={"ordering": ["-at", "-pk"]},
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["reel", "person", "what", "-at"], name="who_read_what_last"),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["-at"], name="readings_by_day"),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
