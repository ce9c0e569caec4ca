-- title: Inventory of agents
-- answers: Which agents ran on which host under which user, under what policy, and what was found about them?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   agent_id VARCHAR: names the agent: MD5 of host, user and product
--   agent VARCHAR: product
--   host VARCHAR: host name
--   user VARCHAR: user it runs as
--   runs BIGINT: its runs
--   running BIGINT: those that have not ended
--   unmanaged BIGINT: those without a policy
--   audited BIGINT: those whose policy only recorded
--   last_mode VARCHAR: enforce, audit or none: mode of its last run
--   last_policy VARCHAR: policy of its last run
--   first_seen TIMESTAMPTZ: begin of its first run
--   last_seen TIMESTAMPTZ: begin or end of its last run
--   denied BIGINT: rows with deny or stronger, of runs that ended
--   lost BIGINT: events lost on its host while it ran
--   critical BIGINT: findings of that severity about its runs
--   high BIGINT: findings of that severity
--   medium BIGINT: findings of that severity
--   low BIGINT: findings of that severity, and informational ones
--   last_command VARCHAR: command line of its last run
WITH latest AS (
    SELECT
        run, agent, host, "user", state, started, ended, coalesce(mode, 'none') AS mode, policy, command, events, denied, lost,
        md5(concat_ws('|', coalesce(host, ''), coalesce("user", ''), coalesce(agent, ''))) AS agent_id
    FROM run_log
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
),
found AS (
    SELECT agent_run, id, any_value(severity) AS severity FROM findings WHERE agent_run IS NOT NULL GROUP BY agent_run, id
),
counted AS (
    SELECT
        agent_run, count(*) FILTER (severity = 'critical') AS critical, count(*) FILTER (severity = 'high') AS high,
        count(*) FILTER (severity = 'medium') AS medium, count(*) FILTER (severity IN ('low', 'informational')) AS low
    FROM found
    GROUP BY agent_run
)
SELECT
    agent_id, agent, host, "user", count(*) AS runs, count(*) FILTER (state = 'started') AS running,
    count(*) FILTER (mode = 'none') AS unmanaged, count(*) FILTER (mode = 'audit') AS audited, arg_max(mode, started) AS last_mode,
    arg_max(policy, started) AS last_policy, min(started) AS first_seen, max(coalesce(ended, started)) AS last_seen,
    CAST(coalesce(sum(denied), 0) AS BIGINT) AS denied, CAST(coalesce(sum(lost), 0) AS BIGINT) AS lost,
    CAST(coalesce(sum(critical), 0) AS BIGINT) AS critical, CAST(coalesce(sum(high), 0) AS BIGINT) AS high,
    CAST(coalesce(sum(medium), 0) AS BIGINT) AS medium, CAST(coalesce(sum(low), 0) AS BIGINT) AS low,
    arg_max(command, started) AS last_command
FROM latest AS l
LEFT JOIN counted AS c ON c.agent_run = l.run
WHERE coalesce(ended, 'infinity') >= $since AND started < $until
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
GROUP BY agent_id, agent, host, "user"
ORDER BY last_seen DESC, agent_id
LIMIT 2000
