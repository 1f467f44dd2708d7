-- Version 6 of the catalog. Frozen: a change of the schema is a new file.
--
-- Who may use a symbol: 0 everybody, 1 what it is part of, 2 the package around it, 3 what derives from its type; NULL where its
-- language knows no such thing. Contents that are already here are read again, because the extractor's version changes too.

ALTER TABLE symbols ADD COLUMN visibility INTEGER;
