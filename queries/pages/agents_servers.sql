-- title: Tool servers
-- answers: Which MCP servers and the like did an agent's runs start?
-- parameters:
--   agent_id: text = : the agent
--   servers: regex = (?i)(@modelcontextprotocol/|[-_/ ]mcp\b|\bmcp[-_]): what counts as a server of tools
-- columns:
--   exe VARCHAR: its program
--   cmdline VARCHAR: its command line
--   starts BIGINT: how often it was started
--   first TIMESTAMPTZ: first time
--   last TIMESTAMPTZ: last time
--   run VARCHAR: newest run that started it
WITH latest AS (
    SELECT
        run, agent, host, "user", state, started, ended, coalesce(mode, 'none') AS mode, policy, command, events, denied, lost,
        md5(concat_ws('|', coalesce(host, ''), coalesce("user", ''), coalesce(agent, ''))) AS agent_id
    FROM run_log
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
)
SELECT
    p.exe, p.cmdline, count(*) AS starts, min(p.time) AS first, max(p.time) AS last, arg_max(l.run, p.time) AS run
FROM processes AS p
JOIN latest AS l ON l.run = p.agent_run
WHERE l.agent_id = $agent_id AND p.time >= $since AND p.time < $until AND regexp_matches(p.cmdline, $servers)
GROUP BY p.exe, p.cmdline
ORDER BY last DESC
LIMIT 200
