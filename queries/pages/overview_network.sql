-- title: Network events by the hour
-- answers: In which hours was how much asked for over the network, newest first?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   hour TIMESTAMPTZ: begin of the hour
--   events BIGINT: connections and datagrams asked for
SELECT hour, CAST(sum(events) AS BIGINT) AS events
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until AND operation IN ('net.connect', 'net.send')
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user"))
GROUP BY hour
ORDER BY hour DESC
