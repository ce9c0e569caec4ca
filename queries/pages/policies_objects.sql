-- title: What a rule decided about
-- answers: On which objects, by which programs, did one rule of a policy decide most?
-- parameters:
--   policy: text = : name of the policy
--   rule: text = : the rule
--   hosts: texts = : only these hosts; empty is all
--   agents: texts = : only these agents; empty is all
-- columns:
--   object VARCHAR: path, command line, or address and port
--   operation VARCHAR: what was done
--   exe VARCHAR: program
--   verdict VARCHAR: what the rule said
--   events BIGINT: how often
--   runs BIGINT: in how many runs
--   last TIMESTAMPTZ: last time
SELECT
    CASE
        WHEN dst_ip IS NOT NULL OR dst_name IS NOT NULL THEN concat(coalesce(dst_name, dst_ip), ':', dst_port)
        ELSE coalesce(path_to, path)
    END AS object,
    operation, exe, verdict, count(*) AS events, count(DISTINCT agent_run) AS runs, max(time) AS last
FROM activity
WHERE time >= $since AND time < $until AND policy = $policy AND rule = $rule
    AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($agents) = 0 OR list_contains($agents, agent))
GROUP BY ALL
ORDER BY events DESC, object
LIMIT 100
