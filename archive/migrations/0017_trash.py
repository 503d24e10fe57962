"""A trash for reels: what lies in it has no line in the catalogue."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TRASH = """
ALTER FUNCTION archive_line_write(bigint[]) RENAME TO archive_line_write_all;
CREATE FUNCTION archive_line_write(reels bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Held first: whoever puts one of them in the trash meanwhile is waited for.
    PERFORM 1 FROM archive_reel WHERE id = ANY(reels) ORDER BY id FOR NO KEY UPDATE;
    PERFORM archive_line_write_all(ARRAY(
        SELECT id FROM unnest(reels) given (id)
        WHERE NOT EXISTS (SELECT 1 FROM archive_trashedreel trashed WHERE trashed.reel_id = id)));
END $$;

CREATE FUNCTION archive_line_of_trash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        DELETE FROM archive_catalogueline WHERE reel_id IN (SELECT reel_id FROM made);
    ELSE
        PERFORM archive_line_write(ARRAY(SELECT reel_id FROM gone));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER archive_line_trashed AFTER INSERT ON archive_trashedreel
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_trash();
CREATE TRIGGER archive_line_restored AFTER DELETE ON archive_trashedreel
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_trash();
"""
UNDO = """
DROP TRIGGER archive_line_restored ON archive_trashedreel;
DROP TRIGGER archive_line_trashed ON archive_trashedreel;
DROP FUNCTION archive_line_of_trash();
DROP FUNCTION archive_line_write(bigint[]);
ALTER FUNCTION archive_line_write_all(bigint[]) RENAME TO archive_line_write;
SELECT archive_line_write(ARRAY(SELECT reel_id FROM archive_trashedreel));
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("archive", "0016_catalogue_lines"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrashedReel",
            fields=[
                (
                    "reel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="trashed",
                        serialize=False,
                        to="archive.reel",
                    ),
                ),
                ("act", models.UUIDField(help_text="The same for all that was put there at once")),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("reason", models.CharField(max_length=400)),
                (
                    "held",
                    models.CharField(
                        blank=True, help_text="Why it must not be emptied", max_length=400
                    ),
                ),
                (
                    "emptied",
                    models.DateTimeField(help_text="When its files were given up", null=True),
                ),
                (
                    "is_cleared",
                    models.BooleanField(
                        default=False, help_text="Its files are gone from the disk"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "held_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-at", "pk"]},
        ),
        migrations.RunSQL(TRASH, UNDO),
    ]
