-- title: io_uring set up
-- answers: Which agents' programs made a ring through which files can be opened unseen?
-- severity: medium
-- tactics: defense-evasion
-- attack: T1562.006
-- atlas: none
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Databases, node with UV_USE_IO_URING, QEMU and other programs that use it for speed.
-- parameters:
--   users: texts = qemu-system-x86_64,postgres,mysqld,mariadbd,clickhouse,scylla: programs that use it by their nature
-- columns:
--   cmdline: command line of the program
--   outcome: how the call ended
SELECT *, [row_id] AS evidence
FROM events
WHERE operation = 'kernel.io_uring' AND NOT list_contains($users, program)
