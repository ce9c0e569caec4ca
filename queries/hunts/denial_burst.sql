-- title: Many denials in a short time
-- answers: Which runs kept trying what the policy says no to?
-- severity: high
-- tactics: defense-evasion, discovery
-- attack: T1562, T1083
-- atlas: AML.T0053
-- owasp: ASI01, ASI10
-- lookback: 10m
-- scheduled: yes
-- false positives: A policy that is too narrow for the work: its rule stands in every row.
-- parameters:
--   window: duration = 5m: within how long
--   many: int = 5: denials from which on it counts
-- columns:
--   denials: rows whose verdict is deny or stronger
--   objects: distinct files, programs and addresses
--   rules: rules that said so
--   until_time: the last one in the span
WITH denied AS (
    SELECT * FROM events WHERE verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY agent_run ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM denied
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, arg_min(process_key, time_ns) AS process_key, arg_min(pid, time_ns) AS pid,
    arg_min(exe, time_ns) AS exe, count(*) AS denials,
    count(DISTINCT coalesce(path, dst_ip || ':' || coalesce(dst_port, 0))) AS objects,
    string_agg(DISTINCT rule, ', ' ORDER BY rule) AS rules,
    max(time) AS until_time, list(row_id ORDER BY time_ns) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, reached
