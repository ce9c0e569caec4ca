-- title: Processes of a run
-- answers: Which process of the run started which, what did each run, and how did it end?
-- parameters:
--   run: text = : the run
-- columns:
--   process_key BIGINT: identity of the process
--   parent_key BIGINT: identity of its creator
--   pid INTEGER: process id
--   started TIMESTAMPTZ: when it was created, or first seen
--   ended TIMESTAMPTZ: when it exited
--   exe VARCHAR: the last program that it ran; NULL where it ran none of its own
--   cmdline VARCHAR: argv of that program
--   programs BIGINT: how many programs it ran
--   exit_code INTEGER: status given to exit
--   signal INTEGER: the signal that ended it
--   events BIGINT: its rows
--   denied BIGINT: those with deny or stronger
WITH own AS (
    SELECT
        process_key, any_value(parent_key) FILTER (operation <> 'fork') AS parent_key, any_value(pid) AS pid,
        min(time) AS started, max(time) FILTER (operation = 'exit') AS ended,
        arg_max(exe, time_ns) FILTER (operation = 'exec' AND outcome = 'success') AS exe,
        arg_max(cmdline, time_ns) FILTER (operation = 'exec' AND outcome = 'success') AS cmdline,
        count(*) FILTER (operation = 'exec' AND outcome = 'success') AS programs,
        arg_max(exit_code, time_ns) FILTER (operation = 'exit') AS exit_code,
        arg_max(signal, time_ns) FILTER (operation = 'exit') AS signal, count(*) AS events,
        count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied
    FROM activity
    WHERE agent_run = $run AND time >= $since AND time < $until AND process_key IS NOT NULL
    GROUP BY process_key
),
born AS (
    SELECT child_key AS process_key, any_value(process_key) AS parent_key, any_value(child_pid) AS pid, min(time) AS started
    FROM activity
    WHERE agent_run = $run AND time >= $since AND time < $until AND operation = 'fork' AND child_key IS NOT NULL
    GROUP BY child_key
)
SELECT
    process_key, coalesce(b.parent_key, o.parent_key) AS parent_key, coalesce(o.pid, b.pid) AS pid,
    least(b.started, o.started) AS started, o.ended, o.exe, o.cmdline, coalesce(o.programs, 0) AS programs, o.exit_code, o.signal,
    coalesce(o.events, 0) AS events, coalesce(o.denied, 0) AS denied
FROM own AS o
FULL JOIN born AS b USING (process_key)
ORDER BY started, process_key
LIMIT 20001
