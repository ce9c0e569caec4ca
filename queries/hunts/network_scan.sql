-- title: Many addresses or ports tried
-- answers: Which processes of agents asked for connections to many places within a short time?
-- severity: high
-- tactics: discovery
-- attack: T1046, T1018
-- atlas: AML.T0006
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Link checkers, package managers with many mirrors, crawlers.
-- parameters:
--   window: duration = 60s: within how long
--   many: int = 20: distinct addresses and ports from which on it counts
-- columns:
--   targets: distinct addresses and ports
--   private_targets: those in private networks
--   until_time: the last one in the span
--   cmdline: command line of the program
WITH dialled AS (
    SELECT * FROM outbound WHERE scope <> 'multicast' AND dst_port > 0
),
counted AS (
    SELECT *, count(DISTINCT dst_ip || ' ' || dst_port) OVER (PARTITION BY agent_run, process_key ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM dialled
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run, process_key) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, count(DISTINCT dst_ip || ' ' || dst_port) AS targets,
    count(DISTINCT dst_ip || ' ' || dst_port) FILTER (scope = 'private') AS private_targets,
    max(time) AS until_time, any_value(cmdline) AS cmdline, list(row_id ORDER BY time_ns) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, process_key, reached
