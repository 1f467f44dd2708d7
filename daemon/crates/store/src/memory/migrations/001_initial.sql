-- Where memories belong. Text that a level does not have is empty.
CREATE TABLE places (
    place   INTEGER PRIMARY KEY,
    level   TEXT NOT NULL,
    project TEXT NOT NULL,
    session TEXT NOT NULL,
    UNIQUE (level, project, session)
) STRICT;

-- Memories as they are now. `memory` is also their number in the index: one that is gone is never given out again,
-- because the index may hear of it later. Lists in one column are separated by line breaks.
CREATE TABLE memories (
    memory        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    place         INTEGER NOT NULL REFERENCES places,
    version       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    origin        TEXT NOT NULL,
    trust         REAL NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    confirmed_at  INTEGER,
    confirmations INTEGER NOT NULL,
    expires_at    INTEGER,
    supersedes    TEXT,
    superseded_by TEXT,
    hash          BLOB NOT NULL,
    project_path  TEXT NOT NULL,
    tags          TEXT NOT NULL,
    flags         TEXT NOT NULL,
    content       TEXT NOT NULL
) STRICT;

-- Counting what a reader may read looks at nothing else.
CREATE INDEX memories_place ON memories (place, state, expires_at, kind, created_at);
CREATE INDEX memories_created ON memories (created_at);
CREATE INDEX memories_hash ON memories (place, hash);
CREATE INDEX memories_expiry ON memories (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_supersedes ON memories (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX memories_superseded_by ON memories (superseded_by) WHERE superseded_by IS NOT NULL;

-- What a memory was before each edit.
CREATE TABLE versions (
    memory        INTEGER NOT NULL REFERENCES memories ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    place         INTEGER NOT NULL REFERENCES places,
    state         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    origin        TEXT NOT NULL,
    trust         REAL NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    confirmed_at  INTEGER,
    confirmations INTEGER NOT NULL,
    expires_at    INTEGER,
    supersedes    TEXT,
    superseded_by TEXT,
    hash          BLOB NOT NULL,
    project_path  TEXT NOT NULL,
    tags          TEXT NOT NULL,
    flags         TEXT NOT NULL,
    content       TEXT NOT NULL,
    PRIMARY KEY (memory, version)
) STRICT;
CREATE INDEX versions_place ON versions (place);

-- Tags of memories as they are now, the other way round.
CREATE TABLE tags (
    tag    TEXT NOT NULL,
    memory INTEGER NOT NULL REFERENCES memories ON DELETE CASCADE,
    PRIMARY KEY (tag, memory)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_memory ON tags (memory);

-- The code that each version of a memory is about.
CREATE TABLE anchors (
    memory   INTEGER NOT NULL REFERENCES memories ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    place    INTEGER NOT NULL REFERENCES places,
    name     TEXT NOT NULL,
    path     TEXT NOT NULL,
    symbol   TEXT NOT NULL,
    hash     BLOB,
    PRIMARY KEY (memory, version, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX anchors_path ON anchors (path, place);
CREATE INDEX anchors_place ON anchors (place);

-- The parts of what can be found or may be yet, numbered memory << 8 | part as in the index: with their vectors, so that
-- the index can be made anew without a model. Their words follow from the content.
CREATE TABLE parts (
    point  INTEGER PRIMARY KEY,
    vector BLOB
) STRICT;
CREATE INDEX parts_without_vector ON parts (point) WHERE vector IS NULL;

-- Memories that the index does not have as they are, or still has though they are gone.
CREATE TABLE unindexed (
    memory INTEGER PRIMARY KEY
) STRICT;

-- Who changed what and when. Never holds content.
CREATE TABLE audit (
    entry   INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    action  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    id      TEXT NOT NULL,
    level   TEXT NOT NULL,
    origin  TEXT NOT NULL,
    request TEXT NOT NULL
) STRICT;

-- `fingerprint`: the embedder of all vectors. `unerased`: something was deleted whose bytes may still be in the file.
CREATE TABLE facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
