-- title: One finding
-- answers: What was found, by what, where, and how does it stand?
-- parameters:
--   finding: text = : the finding's id
-- columns:
--   id VARCHAR: finding id
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   policy VARCHAR: policy of the rule
--   attack VARCHAR: ATT&CK, ATLAS and OWASP ids
--   host VARCHAR: host name
--   agent_run VARCHAR: the run
--   evidence VARCHAR: the rows that it rests on, as JSON
--   status VARCHAR: new, or what somebody set last
--   status_by VARCHAR: who set the status
--   status_time TIMESTAMPTZ: when
--   note VARCHAR: what they said
--   status_row VARCHAR: the row of console that has the status
SELECT
    f.id, f.time, coalesce(f.severity, 'informational') AS severity, f.title, f.rule, f.policy, f.attack, f.host, f.agent_run,
    f.evidence, coalesce(s.status, 'new') AS status, s.account AS status_by, s.time AS status_time, s.note, s.row_id AS status_row
FROM findings AS f
LEFT JOIN finding_status AS s ON s.finding = f.id
WHERE f.id = $finding
QUALIFY row_number() OVER (ORDER BY f.time) = 1
