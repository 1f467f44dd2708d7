PRAGMA application_id = 1668113268;
PRAGMA user_version = 1;
INSERT INTO worktrees VALUES (1, '/one'), (2, '/two');
INSERT INTO paths VALUES (1, 'src/0001.rs', 1), (2, 'src/0002.rs', 1);
INSERT INTO texts VALUES (1, x'01000000020202020202020202020202', 1, 1), (2, x'E9030000020202020202020202020202', 0, 1),
    (3, x'EA030000020202020202020202020202', 0, 0), (4, x'EB030000020202020202020202020202', 0, 0);
INSERT INTO contents VALUES (1, x'07000000010101010101010101010101', 'rust', 1, 1, 1, 1, 0, 1, 1),
    (2, x'08000000010101010101010101010101', 'rust', 1, 2, 1, 1, 0, 1, 0);
INSERT INTO chunks VALUES (1, 1, 1, 10, 1, NULL), (2, 2, 1, 10, 1, NULL);
INSERT INTO manifest VALUES (1, 1, 1, 7, -7, 2, 0, 0), (2, 1, 1, 7, -7, 4, 1, 0), (1, 2, 2, 8, -8, 3, 1, 0);
UPDATE next_ids SET next = 5 WHERE kind = 'text';
UPDATE next_ids SET next = 3 WHERE kind <> 'text';
