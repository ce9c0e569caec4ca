-- title: Coverage of a run
-- answers: Was anything lost on its host while it went on?
-- parameters:
--   host: text = : its host
-- columns:
--   source VARCHAR: collector
--   class VARCHAR: activity class
--   reason VARCHAR: why
--   lost BIGINT: how many; NULL where nobody can know
--   since TIMESTAMPTZ: begin of the first such interval
--   until TIMESTAMPTZ: end of the last one
SELECT
    source, class, reason, CASE WHEN bool_or(lost IS NULL) THEN NULL ELSE CAST(sum(lost) AS BIGINT) END AS lost, min(since) AS since,
    max(until) AS until
FROM coverage
WHERE (host = $host OR host IS NULL) AND until >= $since AND since < $until
    AND (lost > 0 OR (lost IS NULL AND coalesce(reason, 'none') <> 'none'))
GROUP BY source, class, reason
ORDER BY ALL
LIMIT 200
