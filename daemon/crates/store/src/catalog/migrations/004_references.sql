-- Version 4 of the catalog. Frozen: a change of the schema is a new file.
--
-- What contents use, as `catalog/references/codec.rs` writes it: one row for each content that uses anything, because nobody asks
-- for less than a file's. Which contents use a name is asked first, by the key of the lower-cased name. Contents recorded
-- before this version have neither until they are extracted again.

CREATE TABLE content_references (
    content INTEGER PRIMARY KEY,
    facts   BLOB NOT NULL
) STRICT;

CREATE TABLE uses (
    name_key INTEGER NOT NULL,
    content  INTEGER NOT NULL,
    PRIMARY KEY (name_key, content)
) STRICT, WITHOUT ROWID;
