-- title: Coverage gaps
-- answers: When was something lost, how much, why, and which runs does that touch?
-- columns:
--   since: begin of the interval
--   until: end of the interval
--   host: host name
--   boot_id: boot of the host
--   source: collector, or lake for rows lost on the way to disk
--   class: activity class
--   reason: why events were lost
--   lost: how many; NULL where nobody can know
--   delivered: events of that source, processor and class that became rows in the interval
--   emitted: sequence numbers given out in the interval
--   cpu: processor
--   runs: runs that went on at the time, so that a "never happened" about them is not certain
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
