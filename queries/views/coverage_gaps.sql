-- title: Coverage gaps
-- answers: When was something lost, how much, why, and which runs does that touch?
-- columns:
--   since TIMESTAMPTZ: begin of the interval
--   until TIMESTAMPTZ: end of the interval
--   host VARCHAR: host name
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: collector, or lake for rows lost on the way to disk
--   class VARCHAR: activity class
--   reason VARCHAR: why events were lost
--   lost BIGINT: how many; NULL where nobody can know
--   delivered BIGINT: events of that source, processor and class that became rows in the interval
--   emitted BIGINT: sequence numbers given out in the interval
--   cpu INTEGER: processor
--   runs VARCHAR: runs that went on at the time, so that a "never happened" about them is not certain
SELECT
    g.since, g.until, g.host, g.boot_id, g.source, g.class, g.reason, g.lost, g.delivered, g.emitted, g.cpu,
    (
        SELECT string_agg(r.run, ', ' ORDER BY r.run)
        FROM runs AS r
        WHERE (r.host = g.host OR r.host IS NULL OR g.host IS NULL)
            AND r.started <= g.until AND coalesce(r.ended, g.since) >= g.since
    ) AS runs
FROM coverage AS g
WHERE g.lost > 0 OR (g.lost IS NULL AND coalesce(g.reason, 'none') <> 'none')
