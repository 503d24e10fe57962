"""What has left stays as it left: the database refuses to change or remove what is said of it."""

from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION review_deliverable_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What may no longer be used is withdrawn: review.withdrawals.withdraw.';
END $$;

CREATE TRIGGER review_deliverable_guard BEFORE UPDATE OR DELETE ON review_deliverable
    FOR EACH ROW EXECUTE FUNCTION review_deliverable_refuse();
CREATE TRIGGER review_withdrawal_guard BEFORE UPDATE OR DELETE ON review_withdrawal
    FOR EACH ROW EXECUTE FUNCTION review_deliverable_refuse();
"""
UNGUARD = """
DROP TRIGGER review_withdrawal_guard ON review_withdrawal;
DROP TRIGGER review_deliverable_guard ON review_deliverable;
DROP FUNCTION review_deliverable_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0005_withdrawals")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
