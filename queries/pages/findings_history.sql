-- title: History of a finding
-- answers: Who set which status when, and what did they say?
-- parameters:
--   finding: text = : the finding's id
-- columns:
--   time TIMESTAMPTZ: when
--   account VARCHAR: who
--   role VARCHAR: what they were then
--   was VARCHAR: the status before
--   status VARCHAR: the status from then on
--   note VARCHAR: what they said
SELECT time, account, role, lag(status, 1, 'new') OVER (ORDER BY time, id) AS was, status, note
FROM console
WHERE act = 'triage' AND outcome = 'success' AND object = $finding AND status IS NOT NULL
ORDER BY time DESC, id DESC
LIMIT 1000
