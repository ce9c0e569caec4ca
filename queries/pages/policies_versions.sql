-- title: Versions of a policy
-- answers: Which versions did a policy have, since when, where, and how many runs had each?
-- parameters:
--   policy: text = : name of the policy
-- columns:
--   version VARCHAR: hash of its texts
--   first TIMESTAMPTZ: when a host first took it over
--   last TIMESTAMPTZ: when a host last did
--   hosts VARCHAR: hosts that had it
--   runs BIGINT: runs under this policy alone that had it
SELECT
    v.version, v.first, v.last, v.hosts, CAST(coalesce(r.runs, 0) AS BIGINT) AS runs
FROM (
    SELECT
        version, min(time) AS first, max(time) AS last, string_agg(DISTINCT host, ', ' ORDER BY host) AS hosts
    FROM policies
    WHERE policy = $policy AND state = 'in_force'
    GROUP BY version
) AS v
LEFT JOIN (
    SELECT policy_version, count(DISTINCT run) AS runs
    FROM run_log
    WHERE policy = $policy
    GROUP BY policy_version
) AS r ON r.policy_version = v.version
ORDER BY v.first DESC
LIMIT 200
