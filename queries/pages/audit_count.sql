-- title: Audit search: how many
-- answers: How many rows of activity does a search have, where the hours tell?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   operations: texts = : only these operations; empty is all
--   classes: texts = : only these classes; empty is all
--   verdicts: texts = : only these verdicts; empty is all
--   run: text = : only this run; empty is all
--   rule: text = : only this rule; empty is all
-- columns:
--   events BIGINT: rows, of whole hours
SELECT CAST(coalesce(sum(events), 0) AS BIGINT) AS events
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user")) AND (len($operations) = 0 OR list_contains($operations, operation))
    AND (len($classes) = 0 OR list_contains($classes, class)) AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND ($run = '' OR agent_run = $run) AND ($rule = '' OR rule = $rule)
