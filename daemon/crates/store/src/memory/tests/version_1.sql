PRAGMA application_id = 1668115821;
PRAGMA user_version = 1;
INSERT INTO places VALUES (1, 'SESSION_STATE', '01010101010101010101010101010101', 'session-1');
INSERT INTO memories VALUES (4, '00112233445566ff', 1, 2, 'active', 'convention', 'import', 0.5, 11, 12, 13, 2, 1000014,
    NULL, NULL, x'0005ebbce86d90dbacd01e6b15a19f06', '/work/one', 'ci' || char(10) || 'release', 'always',
    'ship on Tuesdays');
INSERT INTO versions VALUES (4, 1, 1, 'active', 'note', 'import', 0.5, 11, 11, NULL, 0, NULL,
    NULL, NULL, x'0f28f5d235fabef7b4857b8321ff9d42', '/work/one', '', '', 'ship on Mondays');
INSERT INTO tags VALUES ('ci', 4), ('release', 4);
INSERT INTO anchors VALUES (4, 2, 0, 1, 'ci.yml', 'ci.yml', '', x'01010101010101010101010101010101');
INSERT INTO parts VALUES (1024, NULL);
INSERT INTO unindexed VALUES (4);
INSERT INTO audit VALUES (1, 11, 'add', 'done', '00112233445566ff', 'SESSION_STATE', 'import', 'request-1');
