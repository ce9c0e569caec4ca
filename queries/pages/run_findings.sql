-- title: Findings about a run
-- answers: What was found about it?
-- parameters:
--   run: text = : the run
-- columns:
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   attack VARCHAR: techniques
--   id VARCHAR: finding id
SELECT time, severity, title, rule, attack, id
FROM findings
WHERE agent_run = $run
QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
ORDER BY time
LIMIT 1000
