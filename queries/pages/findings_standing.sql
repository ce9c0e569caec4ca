-- title: How findings stand
-- answers: Which status do these findings have at this moment, and who set it?
-- parameters:
--   findings: texts = : their ids
-- columns:
--   finding VARCHAR: finding id
--   status VARCHAR: what somebody set last
--   account VARCHAR: who set it
--   time TIMESTAMPTZ: when
--   note VARCHAR: what they said
--   row_id VARCHAR: the row of console that says so
SELECT finding, status, account, time, note, row_id FROM finding_status WHERE list_contains($findings, finding)
ORDER BY finding
LIMIT 1000
