-- title: Agents
-- answers: Which agents are there on which host under which user, how do they run, and what did they do so far?
-- source: AgentsInfo of Defender, as far as it can be seen from outside an agent
-- columns:
--   agent_id VARCHAR: names the agent: MD5 of host, user and product
--   agent VARCHAR: product
--   host VARCHAR: host name
--   user VARCHAR: user it runs as
--   first_seen TIMESTAMPTZ: begin of its first run
--   last_seen TIMESTAMPTZ: last event of its last run
--   runs BIGINT: its runs
--   running BIGINT: runs that have not ended
--   unmanaged BIGINT: runs without a policy
--   audited BIGINT: runs whose policy only recorded
--   policies VARCHAR: policies that were in force for it
--   last_policy VARCHAR: policy of its last run
--   last_mode VARCHAR: enforce, audit or none: mode of its last run
--   last_command VARCHAR: command line of its last run
--   events BIGINT: rows recorded for it
--   denied BIGINT: rows whose verdict is deny or stronger
--   lost BIGINT: events lost on its hosts while it ran
--   findings BIGINT: findings about its runs
--   worst VARCHAR: severity of the worst of them
SELECT
    md5(concat_ws('|', coalesce(r.host, ''), coalesce(r."user", ''), coalesce(r.agent, ''))) AS agent_id,
    r.agent, r.host, r."user", min(r.started) AS first_seen, max(coalesce(r.last_event, r.ended, r.started)) AS last_seen,
    count(*) AS runs, count(*) FILTER (r.state = 'started') AS running,
    count(*) FILTER (coalesce(r.mode, 'none') = 'none') AS unmanaged, count(*) FILTER (r.mode = 'audit') AS audited,
    string_agg(DISTINCT r.policy, ', ' ORDER BY r.policy) AS policies, arg_max(r.policy, r.started) AS last_policy,
    arg_max(r.mode, r.started) AS last_mode, arg_max(r.command, r.started) AS last_command,
    CAST(sum(r.events) AS BIGINT) AS events, CAST(sum(r.denied) AS BIGINT) AS denied, CAST(sum(r.lost) AS BIGINT) AS lost,
    CAST(coalesce(sum(f.findings), 0) AS BIGINT) AS findings,
    ['informational', 'low', 'medium', 'high', 'critical'][max(f.worst)] AS worst
FROM runs AS r
LEFT JOIN (
    SELECT
        agent_run, count(DISTINCT id) AS findings,
        max(list_position(['informational', 'low', 'medium', 'high', 'critical'], severity)) AS worst
    FROM findings
    GROUP BY agent_run
) AS f ON f.agent_run = r.run
GROUP BY r.host, r."user", r.agent
