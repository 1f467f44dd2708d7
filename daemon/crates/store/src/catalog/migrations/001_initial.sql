-- Version 1 of the catalog. Frozen: a change of the schema is a new file.
--
-- Ids come from `next_ids`, which only grows: an id that another index may still hold is never given
-- out again. The chunks of a content have consecutive ids from `contents.first_chunk` on, in file
-- order, and its symbols from `contents.first_symbol` on, so neither needs an index over contents
-- (and therefore neither declares `content` as a foreign key: checking it would need that index).

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value ANY  NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('generation', random());

CREATE TABLE next_ids (
    kind TEXT    NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO next_ids (kind, next)
VALUES ('worktree', 1), ('path', 1), ('content', 1), ('chunk', 1), ('symbol', 1), ('text', 1);

-- The stable names of symbol kinds, so that two million symbols hold one byte each instead of a word.
CREATE TABLE kinds (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE worktrees (
    id   INTEGER PRIMARY KEY,
    root TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE paths (
    id      INTEGER PRIMARY KEY,
    path    TEXT    NOT NULL UNIQUE,
    lexical INTEGER NOT NULL
) STRICT;
CREATE INDEX paths_outside_lexical ON paths (lexical) WHERE lexical = 0;

CREATE TABLE contents (
    id                INTEGER PRIMARY KEY,
    hash              BLOB    NOT NULL UNIQUE,
    language          TEXT    NOT NULL,
    extractor_version INTEGER NOT NULL,
    first_chunk       INTEGER NOT NULL,
    n_chunks          INTEGER NOT NULL,
    first_symbol      INTEGER NOT NULL,
    n_symbols         INTEGER NOT NULL,
    -- How many of the chunks have a text with a vector.
    n_vectors         INTEGER NOT NULL,
    lexical           INTEGER NOT NULL
) STRICT;
CREATE INDEX contents_outside_lexical ON contents (lexical) WHERE lexical = 0;

-- A text belongs to one space (0 files, 1 chunks): a summary and a chunk that read alike are two
-- texts, so "has a vector" never has to say where.
CREATE TABLE texts (
    id     INTEGER PRIMARY KEY,
    hash   BLOB    NOT NULL,
    space  INTEGER NOT NULL,
    vector INTEGER NOT NULL,
    UNIQUE (hash, space)
) STRICT;

CREATE TABLE chunks (
    id         INTEGER PRIMARY KEY,
    content    INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    last_line  INTEGER NOT NULL,
    text       INTEGER NOT NULL REFERENCES texts (id),
    symbol     INTEGER
) STRICT;
CREATE INDEX chunks_by_text ON chunks (text, content);

CREATE TABLE symbols (
    id             INTEGER PRIMARY KEY,
    content        INTEGER NOT NULL,
    -- 48 bits of a hash of the lower-cased name: half the size of the name in the index and the row.
    name_key       INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    -- NULL when it is the name.
    qualified_name TEXT,
    kind           INTEGER NOT NULL,
    signature      TEXT    NOT NULL,
    docstring      TEXT,
    first_line     INTEGER NOT NULL,
    last_line      INTEGER NOT NULL,
    -- Position of the enclosing symbol in the same content.
    parent         INTEGER
) STRICT;
CREATE INDEX symbols_by_name ON symbols (name_key);

CREATE TABLE manifest (
    worktree       INTEGER NOT NULL REFERENCES worktrees (id) ON DELETE CASCADE,
    path           INTEGER NOT NULL REFERENCES paths (id),
    content        INTEGER NOT NULL REFERENCES contents (id),
    size           INTEGER NOT NULL,
    mtime_ns       INTEGER NOT NULL,
    summary        INTEGER NOT NULL REFERENCES texts (id),
    -- Whether the summary, or any chunk of the content, has no vector yet.
    files_pending  INTEGER NOT NULL,
    chunks_pending INTEGER NOT NULL,
    PRIMARY KEY (worktree, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_by_path ON manifest (path);
CREATE INDEX manifest_by_content ON manifest (content);
CREATE INDEX manifest_by_summary ON manifest (summary);
CREATE INDEX manifest_files_pending ON manifest (worktree, path) WHERE files_pending = 1;
CREATE INDEX manifest_chunks_pending ON manifest (worktree, path) WHERE chunks_pending = 1;

CREATE TABLE skipped (
    worktree INTEGER NOT NULL REFERENCES worktrees (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    PRIMARY KEY (worktree, position)
) STRICT, WITHOUT ROWID;
