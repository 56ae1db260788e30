"""A row that says in which state the list of opt-outs is, so that nobody counts a hundred thousand names to learn that.

The database itself gives it a new mark with every change of the list, whoever makes it and by whatever means. A mark is
drawn by chance: of a number that counts, an emptied database would repeat the first ones.
"""

LISTED, EVENTS = "rights_optoutname", ("INSERT", "UPDATE", "DELETE")
POSTGRES = [
    """CREATE FUNCTION rights_mark_list() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      INSERT INTO rights_optoutlist (id, mark) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET mark = excluded.mark;
      RETURN NULL;
    END $$""",
    f"""CREATE TRIGGER {LISTED}_marked AFTER {" OR ".join(EVENTS)} OR TRUNCATE ON {LISTED}
    FOR EACH STATEMENT EXECUTE FUNCTION rights_mark_list()""",
]
POSTGRES_UNDONE = [f"DROP TRIGGER {LISTED}_marked ON {LISTED}", "DROP FUNCTION rights_mark_list()"]
SQLITE = [
    f"""CREATE TRIGGER {LISTED}_marked_{event.lower()} AFTER {event} ON {LISTED} BEGIN
      INSERT OR IGNORE INTO rights_optoutlist (id, mark) VALUES (1, '');
      UPDATE rights_optoutlist SET mark = hex(randomblob(16));
    END"""  # noqa: S608 - names of our own
    for event in EVENTS
]
SQLITE_UNDONE = [f"DROP TRIGGER {LISTED}_marked_{event.lower()}" for event in EVENTS]


def marking(vendor: str) -> list[str]:
    return POSTGRES if vendor == "postgresql" else SQLITE


def no_longer_marking(vendor: str) -> list[str]:
    return POSTGRES_UNDONE if vendor == "postgresql" else SQLITE_UNDONE
