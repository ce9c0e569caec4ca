-- title: Audit search: rows of a part of an hour
-- answers: How many rows fit? Asked of minutes: over long spans the hours tell
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   activities: texts = : only activities of these friendly names; empty is all
--   operations: texts = : only these operations; empty is all
--   classes: texts = : only these classes; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   run: text = : only this run; empty is all
--   labels: texts = : only rows with one of these labels; empty is all
--   rule: text = : only rows that this rule decided; empty is all
-- columns:
--   events BIGINT: rows
SELECT count(*) AS events
FROM activity
WHERE time >= $since AND time < $until AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user")) AND (len($operations) = 0 OR list_contains($operations, operation))
    AND (len($classes) = 0 OR list_contains($classes, class)) AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND ($run = '' OR agent_run = $run) AND ($rule = '' OR rule = $rule)
    AND (len($labels) = 0 OR list_has_any(string_split(labels, ','), $labels))
    AND (len($activities) = 0 OR list_contains($activities, CASE
        WHEN operation IN ('exec', 'fork') THEN 'Process' WHEN operation = 'exit' THEN 'Process end'
        WHEN operation IN ('file.read', 'file.open') THEN 'File read' WHEN operation = 'file.delete' THEN 'File delete'
        WHEN operation = 'file.chmod' THEN 'Permission change' WHEN class = 'file' THEN 'File write'
        WHEN operation IN ('net.bind', 'net.listen', 'net.accept') THEN 'Network listen' WHEN class = 'network' THEN 'Network connect'
        WHEN class = 'dns' THEN 'DNS' WHEN class = 'registry' THEN 'Registry' WHEN class = 'kernel' THEN 'Kernel' ELSE 'Other'
    END))
