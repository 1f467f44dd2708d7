-- Version 5 of the catalog. Frozen: a change of the schema is a new file.
--
-- How many other files of the worktree use what a file defines. A property of the tree, not of the content, and no more than a
-- byte or two of the line that the tree has for the file anyway.

ALTER TABLE manifest ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
