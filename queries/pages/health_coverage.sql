-- title: Delivered and lost over time
-- answers: How many events were given out when, and how many of them became rows?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
--   width: duration = 1h: length of a bar
-- columns:
--   time TIMESTAMPTZ: begin of the bar
--   what VARCHAR: delivered or lost
--   events BIGINT: events, in the bar that their interval begins in
SELECT time, what, CAST(sum(events) AS BIGINT) AS events
FROM (
    SELECT time_bucket($width, since) AS time, unnest(['delivered', 'lost']) AS what, unnest([delivered, lost]) AS events
    FROM coverage
    WHERE until >= $since AND since >= $since AND since < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
)
WHERE events > 0
GROUP BY time, what
ORDER BY time, what
LIMIT 2000
