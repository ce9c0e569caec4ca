-- title: Agent's sandbox switched off
-- answers: Which agents, or which of their commands, were started outside of the agent's own sandbox?
-- severity: high
-- tactics: defense-evasion, privilege-escalation
-- attack: T1562.001
-- atlas: AML.T0105, AML.T0081
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: Agents that run in a container already. Browsers in containers are started with --no-sandbox as a habit.
-- parameters:
--   switches: regex = (--sandbox[ =]['"]?(danger-full-access|none|off|false)|-s danger-full-access|sandbox_mode=\S*danger-full-access|--no-sandbox\b|--dangerously-disable-sandbox|dangerouslyDisableSandbox|GEMINI_SANDBOX=(false|0)|--disable-sandbox\b|--sandbox=false|--privileged-sandbox): arguments that switch it off
--   not_agents: texts = chrome,chromium,google-chrome,electron: programs whose own switch it is
-- columns:
--   switch: the argument
--   cmdline: command line of the program
SELECT *, regexp_extract(cmdline, $switches) AS switch, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $switches) AND NOT list_contains($not_agents, program)
