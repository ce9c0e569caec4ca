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
WHERE time >= $since AND time < $until AND @fits_audit
