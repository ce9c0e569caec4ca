-- title: What a rule decided about
-- answers: On which objects, by which programs, did one rule of a policy decide most, and what became of it?
-- parameters:
--   policy: text = : name of the policy
--   rule: text = : the rule
--   hosts: texts = : only these hosts; empty is all
--   agents: texts = : only these agents; empty is all
-- columns:
--   object VARCHAR: path, or address and port
--   operation VARCHAR: what was done
--   exe VARCHAR: program
--   verdict VARCHAR: what the rule said
--   events BIGINT: how often
--   stopped BIGINT: denials that were stopped, proven
--   failed BIGINT: denials that could not be stopped
--   unverified BIGINT: denials that were acted on without a proof
--   observed BIGINT: denials that nothing was done about (audit mode)
--   runs BIGINT: in how many runs
--   last TIMESTAMPTZ: last time
SELECT
    object, operation, exe, verdict, count(*) AS events, count(*) FILTER (effect = 'confirmed') AS stopped,
    count(*) FILTER (effect = 'failed') AS failed, count(*) FILTER (effect = 'unverified') AS unverified,
    count(*) FILTER (effect = 'observed') AS observed, count(DISTINCT agent_run) AS runs, max(time) AS last
FROM (
    SELECT
        CASE
            WHEN dst_ip IS NOT NULL OR dst_name IS NOT NULL THEN concat(coalesce(dst_name, dst_ip), ':', dst_port)
            ELSE coalesce(path_to, path)
        END AS object,
        operation, exe, verdict, agent_run, time,
        CASE
            WHEN verdict NOT IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill') THEN NULL
            WHEN action IS NULL THEN 'observed'
            ELSE coalesce(enforcement, 'unverified')
        END AS effect
    FROM activity
    WHERE time >= $since AND time < $until AND policy = $policy AND rule = $rule
        AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($agents) = 0 OR list_contains($agents, agent))
)
GROUP BY object, operation, exe, verdict
ORDER BY events DESC, object
LIMIT 100
