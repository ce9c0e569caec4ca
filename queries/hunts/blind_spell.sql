-- title: Acts beside a gap in the recording
-- answers: Which runs went on while events of the host were lost, so that "it never happened" cannot be said of them?
-- severity: low
-- tactics: defense-evasion
-- attack: T1562.006
-- atlas: none
-- owasp: ASI10
-- lookback: 1h
-- scheduled: yes
-- false positives: Bursts of harmless work that overran the ring: compare lost with emitted.
-- parameters:
--   least: int = 1: lost events from which on it counts
-- columns:
--   lost: events lost; NULL where nobody can know
--   lost_class: activity class of what was lost
--   reason: why
--   gap_since: begin of the interval
--   gap_until: end of the interval
WITH gaps AS (
    SELECT * FROM coverage
    WHERE coalesce(reason, 'none') <> 'none' AND coalesce(lost, $least) >= $least
        AND until >= $since AND since < $until
)
SELECT
    max(e.time) AS time, e.host, e.agent_run, any_value(e.agent) AS agent, arg_max(e.process_key, e.time_ns) AS process_key,
    arg_max(e.pid, e.time_ns) AS pid, arg_max(e.exe, e.time_ns) AS exe, g.lost, g.class AS lost_class, g.reason,
    g.since AS gap_since, g.until AS gap_until, min_by(e.row_id, e.time_ns, 100) AS evidence
FROM gaps AS g
JOIN events AS e ON e.host IS NOT DISTINCT FROM g.host AND e.time BETWEEN g.since AND g.until
GROUP BY e.host, e.agent_run, g.lost, g.class, g.reason, g.since, g.until
