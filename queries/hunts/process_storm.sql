-- title: Storm of processes
-- answers: Which runs started so many programs within a minute that something runs away?
-- severity: medium
-- tactics: impact
-- attack: T1496, T1499
-- atlas: AML.T0034.002
-- owasp: ASI08
-- lookback: 5m
-- scheduled: yes
-- false positives: Builds and test suites with many small programs: raise many.
-- parameters:
--   window: duration = 60s: within how long
--   many: int = 3000: processes from which on it counts
-- columns:
--   processes: processes created
--   until_time: the last one in the span
--   program: the program that created most of them
WITH forks AS (
    SELECT * FROM events WHERE operation = 'fork' AND outcome = 'success'
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY agent_run ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM forks
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, mode(process_key) AS process_key, mode(pid) AS pid,
    mode(exe) AS exe, count(*) AS processes, mode(program) AS program,
    max(time) AS until_time, min_by(row_id, time_ns, 100) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, reached
