"""The catalogue as one flat table that triggers keep, and a mark of each change of it.

A line is made of a reel, its element and its title. Whoever changes one of these holds the reel's
row before the line is read anew, so that of two changes at once the later line has both.
"""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

CODED = {
    "access": "reel.access",
    "decade": "title.decade",
    "country": "title.country",
    "language": "title.language",
    "gauge": "element.gauge",
    "generation": "element.generation",
    "colour": "element.colour",
    "sound": "element.sound",
}
_OF = """archive_reel reel
    JOIN archive_element element ON element.id = reel.element_id
    JOIN archive_title title ON title.id = element.title_id"""
_PLAIN = {
    "reel_id": "reel.id",
    "title_id": "title.id",
    "number": "reel.number",
    "collection": "title.collection_id",
    "year": "title.year",
    "name": "title.name",
}
_COLUMNS = ", ".join((*_PLAIN, *CODED))
_VALUES = ", ".join((*_PLAIN.values(), *(f"of_{name}.id" for name in CODED)))
_SAID = ", ".join(f"('{name}', {field})" for name, field in CODED.items())
_CODES = "\n    ".join(
    f"LEFT JOIN archive_facetvalue of_{name}"
    f" ON of_{name}.facet = '{name}' AND of_{name}.value = {field}"
    for name, field in CODED.items()
)
_SET = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*_PLAIN, *CODED) if name != "reel_id")

LINES = f"""
CREATE FUNCTION archive_line_write(reels bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(reels), 0) = 0 THEN
        RETURN;
    END IF;
    PERFORM 1 FROM archive_reel WHERE id = ANY(reels) ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO archive_facetvalue (facet, value)
    SELECT DISTINCT said.facet, said.value FROM {_OF},
        LATERAL (VALUES {_SAID}) said (facet, value)
    WHERE reel.id = ANY(reels) AND said.value <> '' AND NOT EXISTS (
        SELECT 1 FROM archive_facetvalue known
        WHERE known.facet = said.facet AND known.value = said.value)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING;
    INSERT INTO archive_catalogueline ({_COLUMNS})
    SELECT {_VALUES} FROM {_OF}
    {_CODES}
    WHERE reel.id = ANY(reels)
    ON CONFLICT (reel_id) DO UPDATE SET {_SET};
END $$;

CREATE FUNCTION archive_line_of_reel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM archive_catalogueline WHERE reel_id IN (SELECT id FROM gone);
    ELSE
        PERFORM archive_line_write(ARRAY(SELECT id FROM made));
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION archive_line_of_reel_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_line_write(ARRAY(
        SELECT made.id FROM made JOIN gone USING (id)
        WHERE (made.element_id, made.number, made.access)
            IS DISTINCT FROM (gone.element_id, gone.number, gone.access)));
    RETURN NULL;
END $$;
CREATE FUNCTION archive_line_of_element() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_line_write(ARRAY(
        SELECT reel.id FROM made JOIN gone USING (id)
        JOIN archive_reel reel ON reel.element_id = made.id
        WHERE (made.title_id, made.gauge, made.generation, made.colour, made.sound)
            IS DISTINCT FROM (gone.title_id, gone.gauge, gone.generation, gone.colour, gone.sound)
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION archive_line_of_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_line_write(ARRAY(
        SELECT reel.id FROM made JOIN gone USING (id)
        JOIN archive_element element ON element.title_id = made.id
        JOIN archive_reel reel ON reel.element_id = element.id
        WHERE (made.name, made.year, made.country, made.language, made.collection_id)
            IS DISTINCT FROM (gone.name, gone.year, gone.country, gone.language, gone.collection_id)
    ));
    RETURN NULL;
END $$;

CREATE TRIGGER archive_line_made AFTER INSERT ON archive_reel
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_reel();
CREATE TRIGGER archive_line_gone AFTER DELETE ON archive_reel
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_reel();
CREATE TRIGGER archive_line_changed AFTER UPDATE ON archive_reel
    REFERENCING OLD TABLE AS gone NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_reel_changed();
CREATE TRIGGER archive_line_changed AFTER UPDATE ON archive_element
    REFERENCING OLD TABLE AS gone NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_element();
CREATE TRIGGER archive_line_changed AFTER UPDATE ON archive_title
    REFERENCING OLD TABLE AS gone NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION archive_line_of_title();

-- One mark for each transaction: the setting goes with it, or with the savepoint, as the row does.
CREATE FUNCTION archive_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_in text := pg_current_xact_id()::text;
BEGIN
    IF current_setting('reelproof.catalogue_changed', true) IS DISTINCT FROM now_in THEN
        INSERT INTO archive_cataloguechange DEFAULT VALUES;
        PERFORM set_config('reelproof.catalogue_changed', now_in, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER archive_catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON archive_catalogueline
    FOR EACH STATEMENT EXECUTE FUNCTION archive_catalogue_changed();
CREATE TRIGGER archive_catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON archive_rights
    FOR EACH STATEMENT EXECUTE FUNCTION archive_catalogue_changed();
CREATE TRIGGER archive_catalogue_changed AFTER UPDATE ON archive_collection
    FOR EACH STATEMENT EXECUTE FUNCTION archive_catalogue_changed();

SELECT archive_line_write(ARRAY(SELECT id FROM archive_reel));
"""
UNDO = """
DROP TRIGGER archive_catalogue_changed ON archive_collection;
DROP TRIGGER archive_catalogue_changed ON archive_rights;
DROP TRIGGER archive_catalogue_changed ON archive_catalogueline;
DROP FUNCTION archive_catalogue_changed();
DROP TRIGGER archive_line_changed ON archive_title;
DROP TRIGGER archive_line_changed ON archive_element;
DROP TRIGGER archive_line_changed ON archive_reel;
DROP TRIGGER archive_line_gone ON archive_reel;
DROP TRIGGER archive_line_made ON archive_reel;
DROP FUNCTION archive_line_of_title();
DROP FUNCTION archive_line_of_element();
DROP FUNCTION archive_line_of_reel_changed();
DROP FUNCTION archive_line_of_reel();
DROP FUNCTION archive_line_write(bigint[]);
"""


def _row_number() -> Any:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("archive", "0015_readings")]

    operations = [
        migrations.CreateModel(
            name="CatalogueChange",
            fields=[("id", _row_number())],
            options={"ordering": ["pk"]},
        ),
        migrations.CreateModel(
            name="FacetValue",
            fields=[
                ("id", _row_number()),
                ("facet", models.CharField(max_length=12)),
                ("value", models.CharField(max_length=200)),
            ],
        ),
        migrations.AddConstraint(
            model_name="facetvalue",
            constraint=models.UniqueConstraint(fields=("facet", "value"), name="facet_values_once"),
        ),
        migrations.CreateModel(
            name="CatalogueLine",
            fields=[
                (
                    "reel",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="line",
                        serialize=False,
                        to="archive.reel",
                    ),
                ),
                (
                    "title",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="archive.title",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("collection", models.IntegerField(help_text="Its number", null=True)),
                *((name, models.IntegerField(null=True)) for name in CODED),
                ("year", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=400)),
            ],
            options={"ordering": ["name", "number", "reel"]},
        ),
        migrations.AddIndex(
            model_name="catalogueline",
            index=models.Index(
                fields=["name", "number", "reel"],
                include=["title", "access", "collection"],
                name="catalogue_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="catalogueline",
            index=models.Index(fields=["collection"], name="catalogue_collections"),
        ),
        migrations.RunSQL(LINES, UNDO),
    ]
