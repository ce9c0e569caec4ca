-- title: Agent that nobody approved
-- answers: Which agents ran on which host that are not on the list of approved ones, and since when?
-- severity: medium
-- tactics: initial-access, execution
-- attack: T1204
-- atlas: AML.T0112.000
-- owasp: ASI10
-- lookback: 1d
-- scheduled: yes
-- false positives: A new agent before its approval has been entered here.
-- parameters:
--   approved: texts = claude-code,codex,gemini-cli,copilot,cursor,scripted: agents that may run
-- columns:
--   runs: how many runs in the span
--   user: who ran it
--   cmdline: command line of the first one
SELECT
    min(time) AS time, host, arg_min(agent_run, time_ns) AS agent_run, agent, arg_min(process_key, time_ns) AS process_key,
    arg_min(pid, time_ns) AS pid, arg_min(exe, time_ns) AS exe, count(DISTINCT agent_run) AS runs, "user",
    arg_min(cmdline, time_ns) AS cmdline, [arg_min(row_id, time_ns)] AS evidence
FROM commands
WHERE agent IS NOT NULL AND NOT list_contains($approved, agent)
GROUP BY host, agent, "user"
