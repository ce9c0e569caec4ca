-- title: Coverage by interval
-- answers: From when to when was each class of activity watched, and was anything lost: is an absence really one?
-- columns:
--   since TIMESTAMPTZ: begin of the interval
--   until TIMESTAMPTZ: end of the interval
--   host VARCHAR: host name
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: collector, or lake for rows lost on the way to disk
--   class VARCHAR: activity class; NULL where all classes are concerned
--   emitted BIGINT: sequence numbers given out, of all processors
--   delivered BIGINT: events that became rows
--   lost BIGINT: events lost; NULL where nobody can know how many
--   share DOUBLE: delivered of emitted, from 0 to 1; 1 where nothing was there to deliver
--   reasons VARCHAR: why events were lost; NULL where none were
--   complete BOOLEAN: whether nothing was lost
SELECT
    since, until, host, boot_id, source, class,
    CAST(coalesce(sum(emitted), 0) AS BIGINT) AS emitted, CAST(coalesce(sum(delivered), 0) AS BIGINT) AS delivered,
    CASE WHEN bool_or(unknown) THEN NULL ELSE CAST(coalesce(sum(lost), 0) AS BIGINT) END AS lost,
    CASE WHEN bool_or(unknown) THEN NULL WHEN coalesce(sum(emitted), 0) = 0 THEN 1.0 ELSE sum(delivered)::DOUBLE / sum(emitted)::DOUBLE END AS share,
    string_agg(DISTINCT reason, ', ' ORDER BY reason) FILTER (lossy) AS reasons,
    NOT bool_or(lossy) AS complete
FROM (
    SELECT *, lost IS NULL AND coalesce(reason, 'none') <> 'none' AS unknown, coalesce(lost > 0, coalesce(reason, 'none') <> 'none') AS lossy
    FROM coverage
)
GROUP BY since, until, host, boot_id, source, class
