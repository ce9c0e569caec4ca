-- title: One row of activity
-- answers: What is known of this event?
-- parameters:
--   time_ns: int = 0: its exact time
--   seq: int = -1: its sequence number; -1 where it has none
--   run: text = : its run
-- columns:
--   record VARCHAR: all its columns as a JSON object
SELECT CAST(to_json(a) AS VARCHAR) AS record
FROM activity AS a
WHERE time >= $since AND time < $until AND time_ns = $time_ns AND coalesce(seq, -1) = $seq AND coalesce(agent_run, '') = $run
LIMIT 1
