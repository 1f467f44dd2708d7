-- Version 2 of the catalog. Frozen: a change of the schema is a new file.
--
-- Which summary a path had with a content, whether or not a manifest has that line today: a file that comes back, or that
-- another worktree has as well, need not be read for it. Shared by all worktrees; goes with its path and its content.

CREATE TABLE summaries (
    path    INTEGER NOT NULL REFERENCES paths (id) ON DELETE CASCADE,
    content INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    summary INTEGER NOT NULL REFERENCES texts (id),
    PRIMARY KEY (path, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX summaries_by_content ON summaries (content);
CREATE INDEX summaries_by_summary ON summaries (summary);

-- Two worktrees that were read by different versions may have different ones; ids grow, so this is the newer one.
INSERT INTO summaries (path, content, summary)
SELECT path, content, max(summary) FROM manifest GROUP BY path, content;
