-- title: Facets of activity
-- answers: How much was there of each activity, agent, host, user, verdict, outcome and label?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   activities: texts = : only activities of these friendly names; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   labels: texts = : only objects with one of these labels; empty is all
--   labelled: int = 0: 1 for only objects that have a label
-- columns:
--   facet VARCHAR: which of them
--   value VARCHAR: its value
--   events BIGINT: rows
WITH fitting AS (
    SELECT activity, agent, host, "user", coalesce(verdict, 'none') AS verdict, outcome, labels, CAST(sum(events) AS BIGINT) AS events
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
)
SELECT facet, value, CAST(sum(events) AS BIGINT) AS events
FROM (
    SELECT 'activity' AS facet, activity AS value, events FROM fitting
    UNION ALL SELECT 'verdict', verdict, events FROM fitting
    UNION ALL SELECT 'agent', agent, events FROM fitting
    UNION ALL SELECT 'host', host, events FROM fitting
    UNION ALL SELECT 'user', "user", events FROM fitting
    UNION ALL SELECT 'outcome', outcome, events FROM fitting
    UNION ALL SELECT 'label', unnest(string_split(labels, ',')), events FROM fitting WHERE labels IS NOT NULL
)
WHERE value IS NOT NULL
GROUP BY facet, value
QUALIFY row_number() OVER (PARTITION BY facet ORDER BY sum(events) DESC, value) <= 20
ORDER BY facet, events DESC, value
