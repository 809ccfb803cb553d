"""Triggers that refuse to change what a store holds, but for taking a content out as a whole. Whoever owns a database can take triggers
out: so the trail is chained, too."""

from __future__ import annotations

import re
from typing import Any

_SQLITE = """
CREATE TRIGGER entry_stays BEFORE UPDATE ON register_entry
BEGIN SELECT RAISE(ABORT, 'an entry of the trail is never changed'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON register_entry
BEGIN SELECT RAISE(ABORT, 'an entry of the trail is never deleted'); END;
CREATE TRIGGER entry_is_next BEFORE INSERT ON register_entry
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM register_entry)
BEGIN SELECT RAISE(ABORT, 'an entry has the next number'); END;
CREATE TRIGGER content_stays BEFORE UPDATE ON register_content
WHEN NOT (NEW.entry = OLD.entry AND NEW.cells IS NULL AND NEW.reason IS NULL AND NEW.salt IS NULL)
BEGIN SELECT RAISE(ABORT, 'a content is never changed'); END;
CREATE TRIGGER content_remains BEFORE DELETE ON register_content
BEGIN SELECT RAISE(ABORT, 'a content is never deleted'); END;
CREATE TRIGGER content_is_new BEFORE INSERT ON register_content
WHEN EXISTS (SELECT 1 FROM register_content WHERE entry = NEW.entry)
BEGIN SELECT RAISE(ABORT, 'a content is never changed'); END;
"""

_POSTGRESQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what a register holds is never changed'; END $$;
CREATE FUNCTION refuse_another_content() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF NEW.entry = OLD.entry AND NEW.cells IS NULL AND NEW.reason IS NULL AND NEW.salt IS NULL THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'what a register holds is never changed';
END $$;
CREATE FUNCTION next_entry() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM register_entry) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'an entry has the next number';
END $$;
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON register_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_remain BEFORE TRUNCATE ON register_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_is_next BEFORE INSERT ON register_entry FOR EACH ROW EXECUTE FUNCTION next_entry();
CREATE TRIGGER content_stays BEFORE UPDATE ON register_content FOR EACH ROW EXECUTE FUNCTION refuse_another_content();
CREATE TRIGGER content_remains BEFORE DELETE ON register_content FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contents_remain BEFORE TRUNCATE ON register_content FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def set_up(apps: Any, schema_editor: Any) -> None:
    """Makes the triggers in the database that is migrated."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL)
        else:
            for statement in _SQLITE.split("END;\n"):
                if statement.strip():
                    cursor.execute(f"{statement}END;")


def missing(connection: Any) -> list[str]:
    """The guards of a database that are not there, not active, or not as they were made; and what was put beside them, which may swallow
    what is written; by their names."""
    with connection.cursor() as cursor:
        return _missing_on_server(cursor) if connection.vendor == "postgresql" else _missing_in_file(cursor)


def _missing_in_file(cursor: Any) -> list[str]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    there = dict(cursor.fetchall())
    made = {
        statement.split()[2]: f"{statement.strip()}\nEND"
        for statement in _SQLITE.replace("; END;", ";\nEND;").split("\nEND;")
        if statement.strip()
    }
    return [name for name, statement in made.items() if _plain(there.get(name, "")) != _plain(statement)] + sorted(there.keys() - made)


def _missing_on_server(cursor: Any) -> list[str]:
    """Triggers, and what they call: whoever owns the database may leave a trigger there and empty its function."""
    cursor.execute(
        "SELECT t.tgname, pg_get_triggerdef(t.oid, true) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace"
    )
    triggers = cursor.fetchall()
    cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace")
    bodies = {name: _plain(body) for name, body in cursor.fetchall()}
    made = dict(re.findall(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*?)\$\$", _POSTGRESQL, re.S))
    wrong = {name for name, body in made.items() if bodies.get(name) != _plain(body)}
    written = _POSTGRESQL.replace("UPDATE OR DELETE", "DELETE OR UPDATE")  # as the server says it
    called = re.findall(r"(CREATE TRIGGER (\w+) .*?EXECUTE FUNCTION (\w+)\(\))", written)
    cursor.execute("SELECT rulename FROM pg_rules WHERE schemaname = current_schema()")
    strange = {name for name, said in triggers if said not in {whole for whole, *_ in called}} | {name for (name,) in cursor.fetchall()}
    gone = [name for whole, name, function in called if (name, whole) not in triggers or function in wrong]
    return gone + sorted(strange.difference(gone))


def _plain(text: str) -> str:
    return " ".join(text.split())
