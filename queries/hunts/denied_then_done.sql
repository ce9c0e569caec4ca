-- title: Denied, then done by another road
-- answers: Which files did a run get at after the policy had said no to them?
-- severity: critical
-- tactics: defense-evasion
-- attack: T1562
-- atlas: AML.T0107
-- owasp: ASI02, ASI10
-- lookback: 1h
-- scheduled: yes
-- false positives: A policy that was changed in between, on purpose.
-- parameters:
--   window: duration = 1h: how long after the denial a success still counts
-- columns:
--   path: the file, by the name that worked
--   denied_path: by the name that was denied
--   denied_at: when
--   rule: the rule that denied
--   operation: what was done
--   cmdline: command line of the program
WITH denied AS (
    SELECT * FROM events
    WHERE class = 'file' AND verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill') AND outcome <> 'success' AND path IS NOT NULL
),
passed AS (
    SELECT * FROM events
    WHERE class = 'file' AND outcome = 'success' AND operation IN ('file.read', 'file.write', 'file.create', 'file.rename', 'file.link')
        AND action IS NULL AND agent_run IN (SELECT agent_run FROM denied)
),
pairs AS (
    SELECT p.*, d.path AS denied_path, d.time AS denied_at, d.rule AS denied_rule, d.row_id AS first_row
    FROM passed AS p JOIN denied AS d ON d.agent_run = p.agent_run AND d.path = p.path
    UNION ALL BY NAME
    SELECT p.*, d.path AS denied_path, d.time AS denied_at, d.rule AS denied_rule, d.row_id AS first_row
    FROM passed AS p JOIN denied AS d ON d.agent_run = p.agent_run AND d.dev = p.dev AND d.ino = p.ino AND d.ino > 0
)
SELECT * REPLACE (denied_rule AS rule), [first_row, row_id] AS evidence
FROM pairs
WHERE denied_at <= time AND denied_at > time - $window
QUALIFY row_number() OVER (PARTITION BY agent_run, process_key, path ORDER BY time, denied_at DESC) = 1
