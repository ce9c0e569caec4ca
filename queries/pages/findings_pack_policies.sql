-- title: Policy texts of a finding
-- answers: What stood in the policies of these versions, and in those of these names that were in force at that time?
-- parameters:
--   versions: texts = : hashes of policy texts
--   names: texts = : names of policies
--   host: text = : the host
-- columns:
--   version VARCHAR: hash of the policy text
--   policy VARCHAR: name of the policy
--   time TIMESTAMPTZ: since when it was in force
--   host VARCHAR: host name
--   file VARCHAR: the file
--   text VARCHAR: what stood in it
WITH in_force AS (SELECT version, policy, time, host, file, text FROM policies WHERE state = 'in_force'),
newest AS (
    SELECT arg_max(version, time) AS version
    FROM in_force
    WHERE list_contains($names, policy) AND host = $host AND time < $until
    GROUP BY policy
)
SELECT version, policy, time, host, file, text
FROM in_force
WHERE list_contains($versions, version) OR version IN (SELECT version FROM newest)
QUALIFY row_number() OVER (PARTITION BY version, file ORDER BY time) = 1
ORDER BY version, file
LIMIT 200
