-- title: Activity with descent
-- answers: What was done, by which process, and which processes is that one descended from?
-- table: activity_in_context
-- columns:
--   process_created TIMESTAMPTZ: when the process was forked
--   initiator_key BIGINT: identity of the process that brought it about: of a program start the creator, else the process itself
--   initiator_pid INTEGER: its process id
--   initiator_exe VARCHAR: its program
--   initiator_cmdline VARCHAR: its command line
--   initiator_user VARCHAR: its user
--   initiator_uid BIGINT: number of that user
--   initiator_created TIMESTAMPTZ: when it was forked
--   initiator_parent_pid INTEGER: process id of its creator
--   initiator_parent_exe VARCHAR: program of its creator at the fork
--   initiator_parent_created TIMESTAMPTZ: when its creator was forked
SELECT
    c.*,
    -- Before a program starts its creator acted, at all other times the process itself.
    b.created AS process_created,
    CASE WHEN c.operation = 'exec' THEN coalesce(b.creator_key, nullif(c.parent_key, 0)) ELSE c.process_key END AS initiator_key,
    CASE WHEN c.operation = 'exec' THEN b.creator_pid ELSE c.pid END AS initiator_pid,
    CASE WHEN c.operation = 'exec' THEN coalesce(b.creator_exe, c.parent_exe) ELSE c.exe END AS initiator_exe,
    CASE WHEN c.operation = 'exec' THEN b.creator_cmdline ELSE c.cmdline END AS initiator_cmdline,
    CASE WHEN c.operation = 'exec' THEN b.creator_user ELSE c."user" END AS initiator_user,
    CASE WHEN c.operation = 'exec' THEN b.creator_uid ELSE c.uid END AS initiator_uid,
    CASE WHEN c.operation = 'exec' THEN p.created ELSE b.created END AS initiator_created,
    CASE WHEN c.operation = 'exec' THEN p.creator_pid ELSE b.creator_pid END AS initiator_parent_pid,
    CASE WHEN c.operation = 'exec' THEN p.creator_exe ELSE coalesce(b.creator_exe, c.parent_exe) END AS initiator_parent_exe,
    CASE WHEN c.operation = 'exec' THEN g.created ELSE p.created END AS initiator_parent_created
FROM activity_in_context AS c
LEFT JOIN process_births AS b ON b.process_key = c.process_key
LEFT JOIN process_births AS p ON p.process_key = c.parent_key
LEFT JOIN process_births AS g ON g.process_key = p.creator_key
