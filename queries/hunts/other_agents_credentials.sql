-- title: Credentials or sessions of another agent read
-- answers: Which agent's processes opened the login or the conversations of another agent?
-- severity: high
-- tactics: credential-access
-- attack: T1552.001, T1528
-- atlas: AML.T0083
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Tools that move settings from one agent to another; usage meters that read every agent's logs.
-- parameters:
--   folders: texts = claude-code:.claude,codex:.codex,gemini-cli:.gemini,qwen:.qwen,copilot:.copilot,openclaw:.openclaw,opencode:.local/share/opencode,cursor:.cursor,aider:.aider: agent and, behind a colon, its folder in the home
--   files: globs = **/{.credentials.json,auth.json,oauth_creds.json,google_accounts.json,mcp-oauth-tokens.json,config.json,history.jsonl},**/{sessions,projects,history,storage,credentials}/**: what counts within such a folder
-- columns:
--   path: the file
--   owner: the agent whose file it is
--   cmdline: command line of the program
WITH owned AS (SELECT split_part(f, ':', 1) AS owner, split_part(f, ':', 2) AS folder FROM (SELECT unnest($folders) AS f))
SELECT
    r.time, r.host, r.agent_run, r.agent, r.process_key, r.pid, r.exe, r.path, o.owner, r.cmdline, [r.row_id] AS evidence
FROM (SELECT * FROM reads WHERE contains(path, '/.') AND regexp_full_match(path, $files)) AS r
JOIN owned AS o ON contains(r.path, '/' || o.folder || '/')
WHERE r.agent IS DISTINCT FROM o.owner
