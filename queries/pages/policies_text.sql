-- title: Text of a policy
-- answers: What stands in the files of one version of a policy?
-- parameters:
--   version: text = : hash of its texts
-- columns:
--   file VARCHAR: the file
--   own BOOLEAN: whether it is the policy's own file, and none that it includes
--   text VARCHAR: what stands in it
SELECT
    file, coalesce(regexp_extract(text, '(?m)^name:\s*["'']?([A-Za-z0-9._-]+)', 1) = policy, false) AS own, text
FROM policies
WHERE version = $version AND state = 'in_force'
QUALIFY row_number() OVER (PARTITION BY file ORDER BY time DESC) = 1
ORDER BY own DESC, file
LIMIT 64
