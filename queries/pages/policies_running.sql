-- title: Runs under policies
-- answers: Which runs go on under which policy, and how many did in a time?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   policy VARCHAR: name of the policy; NULL where a run has none
--   host VARCHAR: host name
--   mode VARCHAR: enforce, audit or none
--   runs BIGINT: runs that began in the time
--   running BIGINT: runs that go on now
--   newest VARCHAR: the newest run
SELECT
    p.policy, r.host, r.mode,
    count(*) FILTER (r.started >= $since AND r.started < $until) AS runs,
    count(*) FILTER (r.state = 'started') AS running,
    arg_max(r.run, r.started) AS newest
FROM (
    SELECT run, host, policy, coalesce(mode, 'none') AS mode, started, state
    FROM run_log
    WHERE len($hosts) = 0 OR list_contains($hosts, host)
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
) AS r, unnest(CASE WHEN r.policy IS NULL THEN [NULL] ELSE string_split(r.policy, '+') END) AS p(policy)
WHERE r.state = 'started' OR (r.started >= $since AND r.started < $until)
GROUP BY p.policy, r.host, r.mode
ORDER BY running DESC, runs DESC, p.policy, r.host
LIMIT 1000
