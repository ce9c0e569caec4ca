-- title: Activity over time
-- answers: When did agents do how much of what?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   activities: texts = : only activities of these friendly names; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   labels: texts = : only objects with one of these labels; empty is all
--   labelled: int = 0: 1 for only objects that have a label
--   width: duration = 1h: length of a bar, an hour or more
-- columns:
--   time TIMESTAMPTZ: begin of the bar
--   activity VARCHAR: what was done, in plain words
--   events BIGINT: rows
SELECT time_bucket($width, hour) AS time, activity, CAST(sum(events) AS BIGINT) AS events
FROM (
    SELECT
        *,
        @activity_name AS activity
    FROM activity_hourly
    WHERE hour >= date_trunc('hour', $since) AND hour < $until
)
WHERE (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
    AND (len($activities) = 0 OR list_contains($activities, activity)) AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND (len($labels) = 0 OR list_has_any(string_split(labels, ','), $labels)) AND ($labelled = 0 OR labels IS NOT NULL)
GROUP BY ALL
ORDER BY ALL
