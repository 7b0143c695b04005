"""The database itself refuses to change or to delete a line of the log."""

from django.db import migrations

TABLE = "desk_act"

SQLITE = [
    f"""
CREATE TRIGGER act_never_{what} BEFORE {event} ON {TABLE}
BEGIN
    SELECT RAISE(ABORT, 'A line of the log is never {what}.');
END
"""
    for event, what in (("UPDATE", "changed"), ("DELETE", "deleted"))
]
SQLITE_REVERSE = ["DROP TRIGGER act_never_changed", "DROP TRIGGER act_never_deleted"]

# A trigger for each row would not hear of TRUNCATE. The message is an integrity error, as it
# is on SQLite.
POSTGRESQL = [
    """
CREATE FUNCTION act_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A line of the log is never changed or deleted.' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
""",
    f"""
CREATE TRIGGER act_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE}
FOR EACH STATEMENT EXECUTE FUNCTION act_never_changed();
""",
]
POSTGRESQL_REVERSE = [
    f"DROP TRIGGER act_never_changed ON {TABLE};",
    "DROP FUNCTION act_never_changed();",
]


def forwards(apps, schema_editor):
    for sql in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(sql, params=None)


def backwards(apps, schema_editor):
    for sql in {"sqlite": SQLITE_REVERSE, "postgresql": POSTGRESQL_REVERSE}[
        schema_editor.connection.vendor
    ]:
        schema_editor.execute(sql, params=None)


class Migration(migrations.Migration):
    dependencies = [("desk", "0005_log")]

    operations = [migrations.RunPython(forwards, backwards)]
