-- title: Process tree
-- answers: Which process of a run started which, what did each run, and how did it end?
-- columns:
--   agent_run VARCHAR: the run
--   position BIGINT: order in which to print the rows of a run
--   depth INTEGER: 0 for a process whose creator is not part of the run
--   tree VARCHAR: the program, indented by depth
--   process_key BIGINT: identity of the process
--   parent_key BIGINT: identity of its creator
--   pid INTEGER: process id
--   host VARCHAR: host name
--   started TIMESTAMPTZ: when it was created, or its first program started
--   ended TIMESTAMPTZ: when it exited
--   exe VARCHAR: the last program that it ran; NULL where it ran none of its own
--   cmdline VARCHAR: argv of that program
--   programs BIGINT: how many programs it ran
--   exit_code INTEGER: status given to exit
--   signal INTEGER: the signal that ended it
--   denied BIGINT: its rows whose verdict is deny or stronger
WITH RECURSIVE ran AS (
    SELECT
        agent_run, process_key, any_value(parent_key) AS parent_key, any_value(pid) AS pid, any_value(host) AS host,
        min(time) AS started, arg_max(exe, time) AS exe, arg_max(cmdline, time) AS cmdline, count(*) AS programs
    FROM processes
    WHERE agent_run IS NOT NULL AND process_key IS NOT NULL
    GROUP BY agent_run, process_key
),
forked AS (
    SELECT
        agent_run, child_key AS process_key, any_value(process_key) AS parent_key, any_value(child_pid) AS pid,
        any_value(host) AS host, min(time) AS started
    FROM activity
    WHERE operation = 'fork' AND agent_run IS NOT NULL AND child_key IS NOT NULL
    GROUP BY agent_run, child_key
),
acted AS (
    SELECT
        agent_run, process_key,
        max(time) FILTER (operation = 'exit') AS ended,
        arg_max(exit_code, time) FILTER (operation = 'exit') AS exit_code,
        arg_max(signal, time) FILTER (operation = 'exit') AS signal,
        count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied,
        any_value(pid) AS pid, any_value(host) AS host,
        any_value(parent_key) FILTER (operation <> 'fork') AS parent_key, -- on a fork row it is the child's
        min(time) AS first_time
    FROM activity
    WHERE agent_run IS NOT NULL AND process_key IS NOT NULL
    GROUP BY agent_run, process_key
),
nodes AS (
    -- A process is known by what it ran, by its creation or by what it did: any of them may have been lost.
    SELECT
        agent_run, process_key,
        coalesce(r.parent_key, f.parent_key, a.parent_key) AS parent_key,
        coalesce(r.pid, f.pid, a.pid) AS pid,
        coalesce(r.host, f.host, a.host) AS host,
        least(r.started, f.started, a.first_time) AS started,
        a.ended, r.exe, r.cmdline, coalesce(r.programs, 0) AS programs, a.exit_code, a.signal, coalesce(a.denied, 0) AS denied
    FROM ran AS r
    FULL JOIN forked AS f USING (agent_run, process_key)
    FULL JOIN acted AS a USING (agent_run, process_key)
),
tree AS (
    SELECT n.*, 0 AS depth, [(n.started, n.process_key)] AS way
    FROM nodes AS n
    WHERE NOT EXISTS (
        FROM nodes AS p
        WHERE p.agent_run = n.agent_run AND p.process_key = n.parent_key AND p.process_key <> n.process_key
    )
    UNION ALL
    SELECT n.*, t.depth + 1, list_append(t.way, (n.started, n.process_key))
    FROM nodes AS n
    JOIN tree AS t ON n.agent_run = t.agent_run AND n.parent_key = t.process_key AND n.process_key <> n.parent_key
)
SELECT
    agent_run,
    row_number() OVER (PARTITION BY agent_run ORDER BY way) AS position,
    depth,
    repeat('  ', depth) || coalesce(cmdline, exe, '(no program of its own)') AS tree,
    process_key, parent_key, pid, host, started, ended, exe, cmdline, programs, exit_code, signal, denied
FROM tree
