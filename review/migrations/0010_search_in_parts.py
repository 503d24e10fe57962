"""The lines that are searched, in four parts by reel.

Of a common word no more than ten thousand lines are looked at. Its places are read whole from each
part's index until there are enough, where they were read whole for all lines before. Every part
costs a search half a millisecond of planning, so there are no more.
"""

import django.db.models.deletion
from django.db import migrations, models

PARTS = 4
COLUMNS = (
    "id, reel_id, scan_id, start_frame, end_frame, number, checked, doubtful, kind, language,"
    " speaker, key, text, after, vector"
)
IN_PARTS = (
    # What counts and facets need stands first: what stands before a column is read to find it.
    "CREATE TABLE review_searchline_parted ("
    " id bigint NOT NULL, reel_id bigint NOT NULL, scan_id bigint,"
    " start_frame bigint NOT NULL, end_frame bigint NOT NULL,"
    " number integer NOT NULL CHECK (number >= 0),"
    " checked boolean NOT NULL, doubtful boolean NOT NULL,"
    " kind varchar(12) NOT NULL, language varchar(12) NOT NULL, speaker varchar(200) NOT NULL,"
    " key varchar(140) NOT NULL, text text NOT NULL, after text NOT NULL, vector tsvector NOT NULL,"
    " PRIMARY KEY (id, reel_id)"
    ") PARTITION BY HASH (reel_id)",
    *(
        f"CREATE TABLE review_searchline_part{part} PARTITION OF review_searchline_parted"
        f" FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
        for part in range(PARTS)
    ),
    "CREATE SEQUENCE review_searchline_ids AS bigint",
    f"INSERT INTO review_searchline_parted ({COLUMNS}) SELECT {COLUMNS} FROM review_searchline",
    "SELECT setval('review_searchline_ids', coalesce(max(id), 0) + 1, false)"
    " FROM review_searchline",
    "DROP TABLE review_searchline",
    "ALTER TABLE review_searchline_parted RENAME TO review_searchline",
    "ALTER TABLE review_searchline ALTER id SET DEFAULT nextval('review_searchline_ids')",
    "ALTER SEQUENCE review_searchline_ids OWNED BY review_searchline.id",
    "ALTER TABLE review_searchline ADD CONSTRAINT search_lines_once UNIQUE (reel_id, kind, key)",
    "ALTER TABLE review_searchline ADD CONSTRAINT search_lines_reel FOREIGN KEY (reel_id)"
    " REFERENCES archive_reel (id) DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE review_searchline ADD CONSTRAINT search_lines_scan FOREIGN KEY (scan_id)"
    " REFERENCES archive_scan (id) DEFERRABLE INITIALLY DEFERRED",
    "CREATE INDEX search_lines_vector ON review_searchline USING gin (vector)",
    "CREATE INDEX search_lines_in_order ON review_searchline (reel_id, kind, number)",
    "CREATE INDEX search_lines_languages ON review_searchline (language)",
    "CREATE INDEX search_lines_scans ON review_searchline (scan_id)",
)


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0009_fixity_schedule'),
        ('review', '0009_batches_and_hand_overs'),
    ]

    operations = [
        migrations.RunSQL(
            # In parts or whole, the table is the same to whoever asks it.
            list(IN_PARTS),
            reverse_sql=migrations.RunSQL.noop,
            state_operations=[
                migrations.AlterField(
                    model_name='searchline',
                    name='reel',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='search_lines', to='archive.reel'),
                ),
            ],
        ),
    ]
