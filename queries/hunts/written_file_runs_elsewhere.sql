-- title: What one run wrote, another one runs
-- answers: Which programs were written by an agent and started later outside of that run, where the line of parents is broken?
-- severity: medium
-- tactics: persistence, execution
-- attack: T1053, T1204.002
-- atlas: AML.T0094, AML.T0108
-- owasp: ASI10
-- lookback: 7d
-- scheduled: no, it looks back over days and is cheap enough to be asked once an hour by hand
-- false positives: Scripts of a project that one session writes and the next one runs.
-- parameters:
--   delay: duration = 7d: how long after the writing a start still counts
--   ignored: globs = @build_folders: what is made and run all day
-- columns:
--   program_file: the program or script
--   written_by: the run that wrote it
--   written_at: when
--   cmdline: command line of the program
WITH written AS (
    SELECT agent_run, host, target, max(time) AS time, arg_max(row_id, time) AS row_id
    FROM changes
    WHERE NOT regexp_full_match(target, $ignored)
    GROUP BY agent_run, host, target
),
started AS (
    SELECT *, coalesce(script, path, exe) AS program_file
    FROM host_events
    WHERE operation = 'exec' AND outcome = 'success'
)
SELECT
    s.time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    s.program_file, w.agent_run AS written_by, w.time AS written_at, s.cmdline, [w.row_id, s.row_id] AS evidence
FROM started AS s
JOIN written AS w
    ON w.target = s.program_file AND w.host IS NOT DISTINCT FROM s.host
        AND w.time <= s.time AND w.time > s.time - $delay AND w.agent_run IS DISTINCT FROM s.agent_run
