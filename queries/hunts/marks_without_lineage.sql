-- title: Marks of an agent that is not there
-- answers: Which programs claim in their environment to belong to an agent that their line of parents does not know?
-- severity: medium
-- tactics: defense-evasion
-- attack: T1036
-- atlas: AML.T0074
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: A terminal that was opened from within an agent's editor hands its marks on; one agent that starts another one.
-- parameters:
--   marks_of: texts = CODEX_TOOL_CALL_ID:codex,CODEX_THREAD_ID:codex,CODEX_SESSION_ID:codex,CLAUDECODE:claude-code,GEMINI_CLI:gemini-cli,OPENCODE:opencode,OPENCODE_PID:opencode,QWEN_CODE:qwen,CURSOR_AGENT:cursor: a mark and, behind a colon, the agent that sets it
--   unnamed: texts = scripted,unknown: agents of runs that nobody named, whose marks say more than the run does
-- columns:
--   claims: the agent that the marks speak of
--   marks: the marks
--   cmdline: command line of the program
WITH known AS (SELECT split_part(m, ':', 1) AS mark, split_part(m, ':', 2) AS claims FROM (SELECT unnest($marks_of) AS m)),
marked AS (SELECT * FROM host_events WHERE operation = 'exec' AND outcome = 'success' AND marks IS NOT NULL)
SELECT
    m.time, m.host, m.agent_run, m.agent, m.process_key, m.pid, m.exe, k.claims, m.marks, m.cmdline, [m.row_id] AS evidence
FROM marked AS m
JOIN known AS k ON contains(m.marks, '"' || k.mark || '"')
WHERE m.agent_run IS NULL OR (m.agent IS DISTINCT FROM k.claims AND NOT list_contains($unnamed, coalesce(m.agent, 'unknown')))
QUALIFY row_number() OVER (PARTITION BY m.process_key, m.time_ns, k.claims) = 1
