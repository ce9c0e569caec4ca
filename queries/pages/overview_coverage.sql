-- title: Coverage by host
-- answers: Was every host watched, and was anything lost?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   host VARCHAR: host name
--   source VARCHAR: collector
--   last TIMESTAMPTZ: end of the newest interval
--   delivered BIGINT: events that became rows
--   lost BIGINT: events lost, as far as that is known
--   unknown BIGINT: intervals in which nobody knows how many
SELECT
    host, source, max(until) AS last, CAST(coalesce(sum(delivered), 0) AS BIGINT) AS delivered,
    CAST(coalesce(sum(lost), 0) AS BIGINT) AS lost,
    count(*) FILTER (lost IS NULL AND coalesce(reason, 'none') <> 'none') AS unknown
FROM coverage
WHERE until >= $since AND since < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
GROUP BY host, source
ORDER BY lost DESC, host, source
LIMIT 500
