-- Version 3 of the catalog. Frozen: a change of the schema is a new file.
--
-- What a line of a manifest costs, every worktree pays again for every file. So a line says nothing that is shared: whether a
-- vector is missing follows from its content and its summary, which are asked instead. And it is in no index but that by
-- content, which searches need: what else is asked of all manifests is rare enough to read them whole. (Therefore neither `path`
-- nor `summary` is declared as a foreign key: checking it would need an index.)

CREATE TABLE lean_manifest (
    worktree INTEGER NOT NULL REFERENCES worktrees (id) ON DELETE CASCADE,
    path     INTEGER NOT NULL,
    content  INTEGER NOT NULL REFERENCES contents (id),
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    summary  INTEGER NOT NULL,
    PRIMARY KEY (worktree, path)
) STRICT, WITHOUT ROWID;
INSERT INTO lean_manifest (worktree, path, content, size, mtime_ns, summary)
SELECT worktree, path, content, size, mtime_ns, summary FROM manifest ORDER BY worktree, path;
DROP TABLE manifest;
ALTER TABLE lean_manifest RENAME TO manifest;
CREATE INDEX manifest_by_content ON manifest (content);

-- What has no vector, so that there is nothing to look through once all have one. Space 0 is that of summaries.
CREATE INDEX contents_without_vectors ON contents (id) WHERE n_vectors < n_chunks;
CREATE INDEX summaries_without_vector ON texts (id) WHERE vector = 0 AND space = 0;
