-- title: Policies in force
-- answers: Which version of which policy did each host take over last, since when, and was a later change refused?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   policy VARCHAR: name of the policy
--   host VARCHAR: host name
--   version VARCHAR: hash of its texts
--   since TIMESTAMPTZ: when that version was taken over
--   file VARCHAR: the policy's own file
--   files BIGINT: files that it is made of
--   refused TIMESTAMPTZ: when a later change was refused; NULL where none was
--   reason VARCHAR: why
WITH taken AS (
    SELECT
        policy, host, version, max(time) AS since, count(DISTINCT file) AS files,
        coalesce(
            min(file) FILTER (regexp_extract(text, '(?m)^name:\s*["'']?([A-Za-z0-9._-]+)', 1) = policy), min(file)
        ) AS file
    FROM policies
    WHERE state = 'in_force' AND (len($hosts) = 0 OR list_contains($hosts, host))
    GROUP BY policy, host, version
    QUALIFY row_number() OVER (PARTITION BY policy, host ORDER BY since DESC, version) = 1
),
refusals AS (
    SELECT policy, host, max(time) AS refused, arg_max(reason, time) AS reason
    FROM policies
    WHERE state = 'refused'
    GROUP BY policy, host
)
SELECT t.policy, t.host, t.version, t.since, t.file, t.files, r.refused, r.reason
FROM taken AS t
LEFT JOIN refusals AS r ON r.policy = t.policy AND r.host IS NOT DISTINCT FROM t.host AND r.refused > t.since
ORDER BY t.policy, t.host
LIMIT 1000
