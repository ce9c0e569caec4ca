-- title: Activity by verdict over time
-- answers: How much was done when, and what did policy say of it?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   width: duration = 1h: length of a bar, an hour or more
-- columns:
--   time TIMESTAMPTZ: begin of the bar
--   verdict VARCHAR: what policy said; none where no policy was in force
--   events BIGINT: rows
SELECT time_bucket($width, hour) AS time, coalesce(verdict, 'none') AS verdict, CAST(sum(events) AS BIGINT) AS events
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user"))
GROUP BY ALL
ORDER BY ALL
