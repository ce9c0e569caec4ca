-- title: Blemishes of runs
-- answers: Why should nothing be learned from a run?
-- columns:
--   run: the run's id
--   findings: what hunts and rules with a memory found in it
--   denials: events that a policy said no to, whether or not they were stopped
--   lost: events lost while it went on; NULL where a loss has no known size
--   gaps: intervals in which something was lost on its host while it went on
WITH found AS (SELECT agent_run AS run, count(*) AS findings FROM findings GROUP BY agent_run),
denied AS (
    SELECT agent_run AS run, count(*) AS denials
    FROM activity
    WHERE verdict IN ('ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill') OR outcome = 'denied'
    GROUP BY agent_run
),
gap AS (
    SELECT r.run, count(*) AS gaps
    FROM history_runs AS r
    JOIN coverage AS g ON (r.host = g.host OR r.host IS NULL OR g.host IS NULL)
        AND r.started <= g.until AND coalesce(r.ended, g.since) >= g.since
    WHERE g.lost > 0 OR (g.lost IS NULL AND coalesce(g.reason, 'none') <> 'none')
    GROUP BY r.run
)
SELECT
    r.run, coalesce(f.findings, 0) AS findings, coalesce(d.denials, 0) AS denials, r.lost, coalesce(g.gaps, 0) AS gaps
FROM history_runs AS r
LEFT JOIN found AS f USING (run)
LEFT JOIN denied AS d USING (run)
LEFT JOIN gap AS g USING (run)
