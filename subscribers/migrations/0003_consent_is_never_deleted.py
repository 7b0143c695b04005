"""The database itself refuses to delete a consent event, one or all of them."""

from django.db import migrations

TABLE = "subscribers_consentevent"

SQLITE = f"""
CREATE TRIGGER consent_event_never_deleted BEFORE DELETE ON {TABLE}
BEGIN
    SELECT RAISE(ABORT, 'A consent event is never deleted.');
END
"""
SQLITE_REVERSE = "DROP TRIGGER consent_event_never_deleted"

# A trigger for each row would not hear of TRUNCATE. The message is an integrity error, as it
# is on SQLite.
POSTGRESQL = f"""
CREATE FUNCTION consent_event_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A consent event is never deleted.' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER consent_event_never_deleted BEFORE DELETE OR TRUNCATE ON {TABLE}
FOR EACH STATEMENT EXECUTE FUNCTION consent_event_never_deleted();
"""
POSTGRESQL_REVERSE = f"""
DROP TRIGGER consent_event_never_deleted ON {TABLE};
DROP FUNCTION consent_event_never_deleted();
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
    dependencies = [("subscribers", "0002_consent_is_append_only")]

    operations = [migrations.RunPython(forwards, backwards)]
