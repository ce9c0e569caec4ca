-- title: What people did to files in quarantine here
-- answers: Who had which file restored or purged in a dashboard, and why?
-- columns:
--   time TIMESTAMPTZ: when it was done
--   account VARCHAR: who
--   role VARCHAR: what they were then
--   act VARCHAR: restore or purge
--   object VARCHAR: the file
--   outcome VARCHAR: success or failure
--   note VARCHAR: why
SELECT time, account, role, act, object, outcome, note
FROM console
WHERE time >= $since AND time < $until AND act IN ('restore', 'purge') AND phase = 'result'
ORDER BY time DESC, id
LIMIT 1001
