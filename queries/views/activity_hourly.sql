-- title: Activity by the hour
-- answers: How much of what was done in each hour, by whom, and what did policy say?
-- table: activity_hours
-- columns:
--   counted BOOLEAN: whether the lake had counted these rows already; the others were counted now
SELECT *, true AS counted FROM activity_hours
UNION ALL BY NAME
SELECT
    date_trunc('hour', time) AS hour, host, class, operation, outcome, agent, agent_run, "user", labels, verdict, rule, policy, severity,
    count(*) AS events, min(time) AS first_time, max(time) AS last_time, false AS counted
FROM activity_uncounted
GROUP BY ALL
