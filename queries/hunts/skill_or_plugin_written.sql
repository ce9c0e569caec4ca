-- title: Skill, command or plugin of an agent written
-- answers: Which runs put something where agents look for new abilities?
-- severity: medium
-- tactics: persistence, initial-access
-- attack: T1195, T1554
-- atlas: AML.T0011.002, AML.T0110
-- owasp: ASI04
-- lookback: 5m
-- scheduled: yes
-- false positives: A skill that a person asked the agent to write; the agent's own installer of plugins.
-- parameters:
--   files: globs = **/.claude/{skills,plugins,commands,agents}/**,**/.codex/{skills,prompts,plugins}/**,**/.{gemini,qwen}/{extensions,commands,skills}/**,**/.config/opencode/{plugin,plugins,command,agent}/**,**/.opencode/{plugin,plugins,command,agent}/**,**/.cursor/{commands,extensions}/**,**/.openclaw/{skills,extensions,workspace/skills}/**,**/.agents/skills/**,**/.github/{prompts,chatmodes,agents}/**: where abilities lie
--   installers: texts = claude,codex,gemini,opencode,openclaw,git: programs that put them there by their own command
-- columns:
--   target: the file
--   operation: what was done
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files) AND NOT list_contains($installers, program)
