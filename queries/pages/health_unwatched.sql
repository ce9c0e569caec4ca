-- title: Blind spells
-- answers: When did no collector watch a host that was watched before and after, or is not watched any more?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
--   least: duration = 2m: shorter ones are left out
-- columns:
--   since TIMESTAMPTZ: end of what was watched before
--   until TIMESTAMPTZ: begin of what was watched after; NULL where nothing is watched since
--   host VARCHAR: host name
--   source VARCHAR: collector
--   seconds BIGINT: how long
--   rebooted BOOLEAN: whether the host was booted anew meanwhile; NULL where nothing came after
--   runs BIGINT: runs that had begun before and had not ended
--   named VARCHAR: their ids, at most five
WITH intervals AS (
    SELECT DISTINCT host, source, boot_id, since, until
    FROM coverage
    WHERE until >= $since AND since < $until AND source NOT IN ('lake', 'policy')
        AND (len($hosts) = 0 OR list_contains($hosts, host))
),
ends AS (
    SELECT
        host, source, boot_id, since, max(until) OVER earlier AS before, arg_max(boot_id, until) OVER earlier AS boot_before
    FROM intervals
    WINDOW earlier AS (
        PARTITION BY host, source ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
spells AS (
    SELECT before AS since, since AS until, host, source, boot_id IS DISTINCT FROM boot_before AS rebooted
    FROM ends
    WHERE before IS NOT NULL
    UNION ALL
    SELECT max(until), NULL, host, source, NULL FROM intervals GROUP BY host, source
),
went AS (
    SELECT run, any_value(host) AS host, min(started) AS started, max(ended) AS ended
    FROM run_log
    GROUP BY run
)
SELECT
    s.since, s.until, s.host, s.source,
    CAST(epoch(coalesce(s.until, least($until, now())) - s.since) AS BIGINT) AS seconds, s.rebooted,
    count(DISTINCT r.run) AS runs,
    nullif(array_to_string((list(DISTINCT r.run ORDER BY r.run) FILTER (r.run IS NOT NULL))[1:5], ', '), '') AS named
FROM spells AS s
LEFT JOIN went AS r
    ON (r.host = s.host OR r.host IS NULL OR s.host IS NULL) AND r.started <= s.since
    AND coalesce(r.ended, coalesce(s.until, now())) > s.since
WHERE coalesce(s.until, least($until, now())) - s.since >= $least
GROUP BY s.since, s.until, s.host, s.source, s.rebooted
ORDER BY s.until IS NULL DESC, s.since DESC, s.host
LIMIT 500
