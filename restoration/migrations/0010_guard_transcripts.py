"""What a recogniser said stays as it said it: the database refuses to change or remove a line."""

from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION restoration_transcript_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Corrections lie over it: restoration.transcripts.correct.';
END $$;

CREATE TRIGGER restoration_transcript_no_change BEFORE UPDATE ON restoration_transcript
    FOR EACH ROW EXECUTE FUNCTION restoration_transcript_refuse();
CREATE TRIGGER restoration_transcriptline_no_change BEFORE UPDATE ON restoration_transcriptline
    FOR EACH ROW EXECUTE FUNCTION restoration_transcript_refuse();
"""
UNGUARD = """
DROP TRIGGER restoration_transcriptline_no_change ON restoration_transcriptline;
DROP TRIGGER restoration_transcript_no_change ON restoration_transcript;
DROP FUNCTION restoration_transcript_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("restoration", "0009_transcripts")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
