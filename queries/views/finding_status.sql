-- title: Status of findings
-- answers: Which findings did somebody look at, how do they stand now, who said so, and why?
-- columns:
--   finding VARCHAR: finding id; one that is not here is new
--   status VARCHAR: new, acknowledged, in_progress, resolved, false_positive or risk_accepted
--   time TIMESTAMPTZ: when it was set
--   account VARCHAR: who set it
--   note VARCHAR: what they said
--   changes BIGINT: how often a status was set
--   row_id VARCHAR: the row of console that says so
SELECT object AS finding, status, time, account, note, count(*) OVER (PARTITION BY object) AS changes, id AS row_id
FROM console
WHERE act = 'triage' AND outcome = 'success' AND object IS NOT NULL AND status IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY object ORDER BY time DESC, id DESC) = 1
