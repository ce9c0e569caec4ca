-- title: History of the quarantine
-- answers: Which files were taken away, given back or deleted, by whom, and is that proven?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   time TIMESTAMPTZ: when it was intended
--   action VARCHAR: quarantine, restore or purge
--   object VARCHAR: the file
--   enforcement VARCHAR: confirmed, failed or unverified; NULL while it is under way
--   evidence VARCHAR: what was read back
--   rule VARCHAR: rule that asked for it
--   policy VARCHAR: policy of the rule
--   actor VARCHAR: policy, or the user who asked
--   host VARCHAR: host name
--   agent_run VARCHAR: the run
--   id VARCHAR: action id
SELECT
    coalesce(min(time) FILTER (phase = 'intent'), min(time)) AS time, any_value(action) AS action, any_value(object) AS object,
    arg_max(enforcement, time) FILTER (phase = 'result') AS enforcement, arg_max(evidence, time) FILTER (phase = 'result') AS evidence,
    any_value(rule) AS rule, any_value(policy) AS policy, any_value(actor) AS actor, any_value(host) AS host,
    any_value(agent_run) AS agent_run, id
FROM actions
WHERE time >= $since AND time < $until AND action IN ('quarantine', 'restore', 'purge')
    AND (len($hosts) = 0 OR list_contains($hosts, host))
GROUP BY id
ORDER BY time DESC, id
LIMIT 1001
