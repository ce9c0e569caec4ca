-- title: One row of activity
-- answers: What is known of this event?
-- table: activity
-- parameters:
--   time_ns: int = 0: its exact time
--   boot_id: text = : boot of its host; empty where it has none
--   source: text = : its collector; empty where it has none
--   cpu: int = -1: its processor; -1 where it has none
--   class: text = : its class
--   seq: int = -1: its sequence number; -1 where it has none
SELECT *
FROM activity
WHERE time >= $since AND time < $until AND time_ns = $time_ns AND coalesce(boot_id, '') = $boot_id AND coalesce(source, '') = $source
    AND coalesce(cpu, -1) = $cpu AND coalesce(class, '') = $class AND coalesce(seq, -1) = $seq
LIMIT 1
