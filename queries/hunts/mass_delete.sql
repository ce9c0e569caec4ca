-- title: Many files deleted
-- answers: Which processes of agents deleted many files within a short time, outside of what builds throw away?
-- severity: high
-- tactics: impact
-- attack: T1485
-- atlas: AML.T0101
-- owasp: ASI08
-- lookback: 5m
-- scheduled: yes
-- false positives: git checkout of a very different branch; clean-up that an agent was asked for.
-- parameters:
--   window: duration = 60s: within how long
--   many: int = 50: files from which on it counts
--   ignored: globs = @build_folders: what is made and thrown away all day
-- columns:
--   deleted: files deleted
--   folders: folders that they were in
--   example: one of them
--   until_time: the last one in the span
--   cmdline: command line of the program
WITH gone AS (
    SELECT * FROM events
    WHERE operation = 'file.delete' AND outcome = 'success' AND NOT regexp_full_match(path, $ignored)
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY agent_run, process_key ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM gone
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run, process_key) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, count(*) AS deleted, count(DISTINCT regexp_replace(path, '/[^/]*$', '')) AS folders,
    min(path) AS example,
    max(time) AS until_time, any_value(cmdline) AS cmdline, list(row_id ORDER BY time_ns) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, process_key, reached
