-- title: Tool servers added or changed
-- answers: Which runs wrote the list of servers that agents get their tools from?
-- severity: high
-- tactics: persistence, defense-evasion
-- attack: T1554, T1574
-- atlas: AML.T0110, AML.T0081
-- owasp: ASI04
-- lookback: 5m
-- scheduled: yes
-- false positives: A server that a person added with the agent's own command (claude mcp add, codex mcp add); state that Claude Code keeps in ~/.claude.json.
-- parameters:
--   files: globs = @mcp_settings: lists of servers
--   keepers: texts = claude: programs that keep state in those files
-- columns:
--   target: the file
--   operation: what was done
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files) AND NOT (list_contains($keepers, program) AND ends_with(target, '/.claude.json'))
