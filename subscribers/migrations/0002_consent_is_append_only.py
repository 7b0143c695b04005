"""The database itself refuses to change a consent event."""

from django.db import migrations

TABLE = "subscribers_consentevent"

SQLITE = f"""
CREATE TRIGGER consent_event_append_only BEFORE UPDATE ON {TABLE}
BEGIN
    SELECT RAISE(ABORT, 'A consent event is never changed.');
END
"""
SQLITE_REVERSE = "DROP TRIGGER consent_event_append_only"

# The message is an integrity error, as it is on SQLite.
POSTGRESQL = f"""
CREATE FUNCTION consent_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A consent event is never changed.' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER consent_event_append_only BEFORE UPDATE ON {TABLE}
FOR EACH ROW EXECUTE FUNCTION consent_event_append_only();
"""
POSTGRESQL_REVERSE = f"""
DROP TRIGGER consent_event_append_only ON {TABLE};
DROP FUNCTION consent_event_append_only();
"""


def forwards(apps, schema_editor):
    sql = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    schema_editor.execute(sql, params=None)


def backwards(apps, schema_editor):
    sql = {"sqlite": SQLITE_REVERSE, "postgresql": POSTGRESQL_REVERSE}[
        schema_editor.connection.vendor
    ]
    schema_editor.execute(sql, params=None)


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
