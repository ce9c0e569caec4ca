-- title: Action that did not take hold
-- answers: Which verdicts were to be enforced but failed, or could not be proven?
-- severity: high
-- tactics: defense-evasion
-- attack: T1562
-- atlas: AML.T0107
-- owasp: ASI08, ASI10
-- lookback: 10m
-- scheduled: yes
-- false positives: A process that was gone before it could be acted on.
-- parameters:
--   states: texts = failed,unverified: what counts
-- columns:
--   action: what was to be done
--   enforcement: what was seen afterwards
--   object: path or address that caused it
--   rule: the rule that asked
--   said: what was read back, in words
--   verdict: verdict of the row
WITH results AS (
    SELECT * FROM actions
    WHERE phase = 'result' AND list_contains($states, enforcement) AND agent_run IS NOT NULL AND time >= $since AND time < $until
)
SELECT
    r.time, r.host, r.agent_run, any_value(e.agent) AS agent, r.process_key, any_value(r.pid) AS pid, any_value(e.exe) AS exe,
    r.action, r.enforcement, r.object, r.rule, r.evidence AS said, max(e.verdict) AS verdict, list(e.row_id ORDER BY e.time_ns) AS evidence
FROM results AS r
JOIN events AS e ON e.agent_run = r.agent_run AND e.process_key = r.process_key AND e.rule = r.rule AND e.action IS NOT NULL
GROUP BY r.id, r.time, r.host, r.agent_run, r.process_key, r.action, r.enforcement, r.object, r.rule, r.evidence
