"""Transcripts, their lines and people's corrections go with their scan alone, and not one by one.

A deletion is looked at when its transaction ends, since a scan's rows go before the scan itself. A
correction can be taken back once; nothing else of it changes.
"""

from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION restoration_transcript_goes_with() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_behind boolean;
BEGIN
    -- With the schema of the real table: a temporary one of the same name must not stand in.
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I WHERE id = $1)', TG_TABLE_SCHEMA, TG_ARGV[0])
        INTO left_behind USING (to_jsonb(OLD) ->> TG_ARGV[1])::bigint;
    IF left_behind THEN
        RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'It goes with its scan alone; a correction is withdrawn instead.';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER restoration_transcript_no_removal
    AFTER DELETE ON restoration_transcript DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION restoration_transcript_goes_with('archive_scan', 'scan_id');
CREATE CONSTRAINT TRIGGER restoration_transcriptline_no_removal
    AFTER DELETE ON restoration_transcriptline DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION
    restoration_transcript_goes_with('restoration_transcript', 'transcript_id');
CREATE CONSTRAINT TRIGGER restoration_transcriptcorrection_no_removal
    AFTER DELETE ON restoration_transcriptcorrection DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION restoration_transcript_goes_with('archive_scan', 'scan_id');

CREATE FUNCTION restoration_transcriptcorrection_withdraw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn IS NOT NULL OR NEW.withdrawn IS NULL OR NEW.withdrawn_by_id IS NULL
       OR to_jsonb(NEW) - 'withdrawn' - 'withdrawn_by_id'
          IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn' - 'withdrawn_by_id' THEN
        RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'A correction is withdrawn once: restoration.transcripts.withdraw.';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER restoration_transcriptcorrection_no_change
    BEFORE UPDATE ON restoration_transcriptcorrection
    FOR EACH ROW EXECUTE FUNCTION restoration_transcriptcorrection_withdraw();
"""
UNGUARD = """
DROP TRIGGER restoration_transcriptcorrection_no_change ON restoration_transcriptcorrection;
DROP FUNCTION restoration_transcriptcorrection_withdraw();
DROP TRIGGER restoration_transcriptcorrection_no_removal ON restoration_transcriptcorrection;
DROP TRIGGER restoration_transcriptline_no_removal ON restoration_transcriptline;
DROP TRIGGER restoration_transcript_no_removal ON restoration_transcript;
DROP FUNCTION restoration_transcript_goes_with();
"""


class Migration(migrations.Migration):
    dependencies = [("restoration", "0011_colours_in_several_scenes")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
