-- title: Audit search: rows by the hour
-- answers: In which hours are rows that may fit, and how many?
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
--   hour TIMESTAMPTZ: begin of the hour
--   events BIGINT: rows of the hour, but for those that lie outside of the span for sure
--   unsure BIGINT: those of them of which some may lie outside of the span
SELECT
    hour, CAST(sum(events) AS BIGINT) AS events,
    CAST(coalesce(sum(events) FILTER (first_time < $since OR last_time >= $until), 0) AS BIGINT) AS unsure
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until AND last_time >= $since AND first_time < $until
    AND @fits_audit
GROUP BY hour
ORDER BY hour DESC
LIMIT 100000
