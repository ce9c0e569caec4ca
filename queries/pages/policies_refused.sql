-- title: Refused changes
-- answers: Which changes of policies were refused, when, where and why?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   time TIMESTAMPTZ: when
--   host VARCHAR: host name
--   policy VARCHAR: name of the policy; NULL where it could not be read
--   file VARCHAR: the file
--   reason VARCHAR: why
--   text VARCHAR: what stood in it
SELECT time, host, policy, file, reason, text
FROM policies
WHERE state = 'refused' AND time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
ORDER BY time DESC
LIMIT 200
