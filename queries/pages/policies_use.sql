-- title: Use of rules
-- answers: How often did each rule of a policy decide, what came of the calls, and whom did it concern?
-- parameters:
--   policy: text = : name of the policy
--   hosts: texts = : only these hosts; empty is all
--   agents: texts = : only these agents; empty is all
-- columns:
--   rule VARCHAR: the rule; default:<selector> where a default decided
--   matches BIGINT: events that it decided
--   went BIGINT: calls that went through
--   refused BIGINT: calls that were refused
--   runs BIGINT: runs that it concerned
--   by VARCHAR: agents that it concerned
--   last TIMESTAMPTZ: last match
SELECT
    rule, CAST(sum(events) AS BIGINT) AS matches,
    CAST(coalesce(sum(events) FILTER (outcome = 'success'), 0) AS BIGINT) AS went,
    CAST(coalesce(sum(events) FILTER (outcome = 'denied'), 0) AS BIGINT) AS refused,
    count(DISTINCT agent_run) AS runs, string_agg(DISTINCT agent, ', ' ORDER BY agent) AS "by", max(last_time) AS last
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until AND policy = $policy AND verdict IS NOT NULL
    AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($agents) = 0 OR list_contains($agents, agent))
GROUP BY rule
ORDER BY matches DESC
LIMIT 1000
