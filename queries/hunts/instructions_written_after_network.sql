-- title: Agent's instructions written after talking to the outside
-- answers: Which runs wrote memory or instructions that later sessions will believe, soon after they had fetched something?
-- severity: high
-- tactics: persistence, impact
-- attack: T1565.001
-- atlas: AML.T0080.000, AML.T0051.001
-- owasp: ASI06
-- lookback: 20m
-- scheduled: yes
-- false positives: An agent that reads documentation and then writes down what it learned, as it was asked to.
-- parameters:
--   files: globs = @instruction_files: instructions and memory
--   window: duration = 15m: how long after the connection a write still counts
--   models: texts = @agent_programs: programs whose own connections are those to the model
-- columns:
--   target: the file
--   fetched_at: when the last connection before it was asked for
--   dst_ip: its address
--   fetched_with: command line of what connected
--   cmdline: command line of what wrote
WITH written AS (SELECT * FROM changes WHERE regexp_full_match(target, $files)),
fetched AS (
    SELECT * FROM outbound
    WHERE scope = 'external' AND NOT list_contains($models, program) AND agent_run IN (SELECT agent_run FROM written)
)
SELECT
    w.time, w.host, w.agent_run, w.agent, w.process_key, w.pid, w.exe,
    w.target, f.time AS fetched_at, f.dst_ip, f.cmdline AS fetched_with, w.cmdline, [f.row_id, w.row_id] AS evidence
FROM written AS w
JOIN fetched AS f ON f.agent_run = w.agent_run AND f.time <= w.time AND f.time > w.time - $window
QUALIFY row_number() OVER (PARTITION BY w.process_key, w.target, w.time_ns ORDER BY f.time DESC) = 1
