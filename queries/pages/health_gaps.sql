-- title: Losses
-- answers: When was something lost, why, how much of how much, and which runs went on at the time?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   since TIMESTAMPTZ: begin of the interval
--   until TIMESTAMPTZ: end of the interval
--   host VARCHAR: host name
--   source VARCHAR: collector, or lake for rows lost on the way to disk
--   class VARCHAR: activity class; NULL where all classes are concerned
--   reason VARCHAR: why
--   lost BIGINT: how many; NULL where nobody can know
--   delivered BIGINT: events of that source and class that became rows in the interval
--   runs BIGINT: runs that went on
--   named VARCHAR: their ids, at most five
WITH losses AS (
    SELECT since, until, host, boot_id, source, class, reason, sum(lost) AS lost, bool_or(lost IS NULL) AS unknown
    FROM coverage
    WHERE until >= $since AND since < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
        AND (lost > 0 OR (lost IS NULL AND coalesce(reason, 'none') <> 'none'))
    GROUP BY ALL
    ORDER BY since DESC
    LIMIT 500
),
whole AS (
    SELECT since, host, boot_id, source, class, sum(delivered) AS delivered
    FROM coverage
    WHERE until >= $since AND since < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
    GROUP BY ALL
),
went AS (
    SELECT run, any_value(host) AS host, min(started) AS started, max(ended) AS ended
    FROM run_log
    GROUP BY run
)
SELECT
    g.since, g.until, g.host, g.source, g.class, g.reason,
    CASE WHEN g.unknown THEN NULL ELSE CAST(g.lost AS BIGINT) END AS lost,
    CAST(any_value(w.delivered) AS BIGINT) AS delivered, count(DISTINCT r.run) AS runs,
    nullif(array_to_string((list(DISTINCT r.run ORDER BY r.run) FILTER (r.run IS NOT NULL))[1:5], ', '), '') AS named
FROM losses AS g
LEFT JOIN whole AS w
    ON w.since = g.since AND w.host IS NOT DISTINCT FROM g.host AND w.boot_id IS NOT DISTINCT FROM g.boot_id
    AND w.source IS NOT DISTINCT FROM g.source AND w.class IS NOT DISTINCT FROM g.class
LEFT JOIN went AS r
    ON (r.host = g.host OR r.host IS NULL OR g.host IS NULL) AND r.started <= g.until AND coalesce(r.ended, g.since) >= g.since
GROUP BY g.since, g.until, g.host, g.boot_id, g.source, g.class, g.reason, g.lost, g.unknown
ORDER BY g.since DESC, g.host, g.class
LIMIT 500
