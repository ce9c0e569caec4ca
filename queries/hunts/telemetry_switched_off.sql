-- title: Agent's telemetry switched off
-- answers: Which commands of agents were started so that the agent does not report what it does?
-- severity: medium
-- tactics: defense-evasion
-- attack: T1562.006
-- atlas: AML.T0081
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: People who switch off usage statistics for privacy; build tools whose own statistics are meant.
-- parameters:
--   switches: regex = \b(OTEL_SDK_DISABLED=true|OTEL_(LOGS|TRACES|METRICS)_EXPORTER=none|CLAUDE_CODE_ENABLE_TELEMETRY=(0|false)?\b|GEMINI_TELEMETRY_ENABLED=(0|false)|otel\.exporter=\S*none|disableAllHooks|DISABLE_HOOKS=1|--no-telemetry\b|--telemetry[ =](false|off)|CLAUDE_CODE_DISABLE_\w*HOOKS\w*=1): what switches it off
-- columns:
--   switch: what was found
--   cmdline: command line of the program
SELECT *, regexp_extract(cmdline, $switches) AS switch, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $switches)
