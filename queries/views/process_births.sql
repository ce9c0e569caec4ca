-- title: Births of processes
-- answers: When was a process created, and by which program?
-- columns:
--   process_key BIGINT: identity of the process
--   created TIMESTAMPTZ: when it was forked
--   pid INTEGER: its process id
--   creator_key BIGINT: identity of its creator
--   creator_pid INTEGER: process id of its creator
--   creator_exe VARCHAR: the program that its creator ran then
--   creator_cmdline VARCHAR: the command line of that program
--   creator_user VARCHAR: user of its creator
--   creator_uid BIGINT: number of that user
SELECT
    child_key AS process_key, min(time) AS created, any_value(child_pid) AS pid,
    any_value(nullif(process_key, 0)) AS creator_key, any_value(pid) AS creator_pid, any_value(exe) AS creator_exe,
    any_value(cmdline) AS creator_cmdline, any_value("user") AS creator_user, any_value(uid) AS creator_uid
FROM activity
WHERE operation = 'fork' AND child_key <> 0
-- One row per process, so that a join to it never doubles a row.
GROUP BY child_key
