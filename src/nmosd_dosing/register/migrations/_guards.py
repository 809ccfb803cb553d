"""Triggers that refuse to change what a store holds, but for taking a content out as a whole. Whoever owns a database can take triggers
out: so the trail is chained, too."""

from __future__ import annotations

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
