-- title: Coverage around a finding
-- answers: Was its host watched meanwhile, and was anything lost?
-- parameters:
--   host: text = : the host
-- columns:
--   since TIMESTAMPTZ: begin of the interval
--   until TIMESTAMPTZ: end of the interval
--   host VARCHAR: host name
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: collector
--   class VARCHAR: activity class; NULL where all classes are concerned
--   emitted BIGINT: sequence numbers given out
--   delivered BIGINT: events that became rows
--   lost BIGINT: events lost; NULL where nobody can know how many
--   reasons VARCHAR: why events were lost; NULL where none were
--   complete BOOLEAN: whether nothing was lost
SELECT since, until, host, boot_id, source, class, emitted, delivered, lost, reasons, complete
FROM coverage_intervals
WHERE (host = $host OR host IS NULL) AND until >= $since AND since < $until
ORDER BY since, source, class
LIMIT 10000
