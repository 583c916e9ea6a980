"""A database's shape as PostgreSQL itself tells it, so that two databases can be compared to the last CHECK."""

from sqlalchemy import Connection, text

from db.engine import Engine

Catalog = dict[str, str]

# What Alembic keeps for itself is no part of the ledger's shape.
_OURS = "n.nspname = 'public' AND c.relname <> 'alembic_version'"
_PARTS = {
    "table": f"""
        SELECT c.relname, concat_ws(' ', c.relkind::text, c.relpersistence::text, c.relrowsecurity, c.reloptions)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_OURS}""",
    "column": f"""
        SELECT c.relname || '.' || a.attname,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                         'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
                         'IDENTITY ' || nullif(a.attidentity::text, ''),
                         'GENERATED ' || nullif(a.attgenerated::text, ''),
                         'COLLATE ' || nullif(o.collname, 'default'))
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN pg_collation o ON o.oid = a.attcollation
         WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {_OURS}""",
    "constraint": f"""
        SELECT c.relname || '.' || k.conname, pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN ''
                                                                                ELSE ' NOT VALID' END
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {_OURS}""",
    "index": f"""
        SELECT c.relname || '.' || x.relname, pg_get_indexdef(i.indexrelid)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {_OURS}""",
    "trigger": f"""
        SELECT c.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled::text)
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT t.tgisinternal AND {_OURS}""",
    "function": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid)
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'public' AND p.prokind IN ('f', 'p')""",
    "type": """
        SELECT t.typname, t.typtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname = 'public' AND t.typtype IN ('e', 'd', 'r')""",
    "extension": "SELECT extname, extversion FROM pg_extension",
}


def catalog(engine: Engine) -> Catalog:
    """Return everything that the database consists of: what it is, and how PostgreSQL defines it."""
    with engine.connect() as connection:
        return catalog_seen_by(connection)


def catalog_seen_by(connection: Connection) -> Catalog:
    """Return the same as a transaction sees it that has changed something."""
    return {
        f"{part} {name}": definition
        for part, query in _PARTS.items()
        for name, definition in connection.execute(text(query))
    }


def differences(one: Catalog, other: Catalog) -> dict[str, tuple[str | None, str | None]]:
    """Return what differs between two databases: what each of them has, None where it has nothing."""
    names = one.keys() | other.keys()
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}
