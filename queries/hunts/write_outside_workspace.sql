-- title: Written outside of the workspace
-- answers: Which files did a run change outside of the folder that it was started in?
-- severity: low
-- tactics: impact
-- attack: T1565.001
-- atlas: AML.T0053
-- owasp: ASI02
-- lookback: 1h
-- scheduled: no, builds and caches write outside all day; it is a question to ask about one run
-- false positives: Caches, package stores and state of tools in the home: add them to ignored.
-- parameters:
--   ignored: globs = /tmp/**,/var/tmp/**,/dev/**,/proc/**,/run/user/**,~/.cache/**,~/.{npm,cargo,rustup,gradle,m2,local/share,local/state,config/configstore,node-gyp,yarn,pnpm-store,bun,nuget,go}/**,~/go/pkg/**,~/.{claude,codex,gemini,qwen,cursor,copilot,opencode}/**,~/.claude.json*: what may be written
-- columns:
--   target: the file
--   workspace: where the run began
--   times: how often
--   cmdline: command line of the program
WITH begun AS (
    SELECT agent_run, arg_min(cwd, time_ns) AS workspace
    FROM activity
    WHERE operation = 'exec' AND agent_run IS NOT NULL AND cwd IS NOT NULL AND time < $until
    GROUP BY agent_run
)
SELECT
    min(c.time) AS time, any_value(c.host) AS host, c.agent_run, any_value(c.agent) AS agent, c.process_key, any_value(c.pid) AS pid,
    any_value(c.exe) AS exe, c.target, b.workspace, count(*) AS times, any_value(c.cmdline) AS cmdline,
    list(c.row_id ORDER BY c.time_ns) AS evidence
FROM changes AS c
JOIN begun AS b USING (agent_run)
WHERE b.workspace <> '/' AND NOT starts_with(c.target, b.workspace || '/') AND starts_with(c.target, '/')
    AND NOT regexp_full_match(c.target, $ignored)
GROUP BY c.agent_run, c.process_key, c.target, b.workspace
