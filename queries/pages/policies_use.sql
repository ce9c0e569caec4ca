-- title: Use of rules
-- answers: How often did each rule of a policy decide, what came of it, and whom did it concern?
-- parameters:
--   policy: text = : name of the policy
--   hosts: texts = : only these hosts; empty is all
--   agents: texts = : only these agents; empty is all
-- columns:
--   rule VARCHAR: the rule; default:<selector> where a default decided
--   verdict VARCHAR: what it said
--   matches BIGINT: events that it decided
--   stopped BIGINT: denials that were stopped, proven
--   failed BIGINT: denials that could not be stopped
--   unverified BIGINT: denials that were acted on without a proof
--   observed BIGINT: denials that nothing was done about (audit mode)
--   runs BIGINT: runs that it concerned
--   programs BIGINT: distinct programs
--   first TIMESTAMPTZ: first match
--   last TIMESTAMPTZ: last match
SELECT
    rule, verdict, count(*) AS matches,
    count(*) FILTER (denied AND action IS NOT NULL AND enforcement = 'confirmed') AS stopped,
    count(*) FILTER (denied AND action IS NOT NULL AND enforcement = 'failed') AS failed,
    count(*) FILTER (denied AND action IS NOT NULL AND coalesce(enforcement, 'unverified') = 'unverified') AS unverified,
    count(*) FILTER (denied AND action IS NULL) AS observed,
    count(DISTINCT agent_run) AS runs, count(DISTINCT exe) AS programs, min(time) AS first, max(time) AS last
FROM (
    SELECT
        rule, verdict, action, enforcement, agent_run, exe, time,
        verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill') AS denied
    FROM activity
    WHERE time >= $since AND time < $until AND policy = $policy AND verdict IS NOT NULL
        AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($agents) = 0 OR list_contains($agents, agent))
)
GROUP BY rule, verdict
ORDER BY matches DESC
LIMIT 1000
