-- title: Actions on a run
-- answers: What was done to it, by whom, and is that proven?
-- parameters:
--   run: text = : the run
-- columns:
--   time TIMESTAMPTZ: when it was intended
--   action VARCHAR: what was done
--   object VARCHAR: path or address that caused it
--   rule VARCHAR: rule that asked for it
--   actor VARCHAR: policy, or the person who asked
--   enforcement VARCHAR: confirmed, failed or unverified; NULL while it is under way
--   evidence VARCHAR: what was read back
--   took_us BIGINT: microseconds from intent to result
--   id VARCHAR: action id
SELECT
    coalesce(min(time) FILTER (phase = 'intent'), min(time)) AS time, any_value(action) AS action, any_value(object) AS object,
    any_value(rule) AS rule, any_value(actor) AS actor, arg_max(enforcement, time) FILTER (phase = 'result') AS enforcement,
    arg_max(evidence, time) FILTER (phase = 'result') AS evidence,
    date_diff('microsecond', min(time) FILTER (phase = 'intent'), max(time) FILTER (phase = 'result')) AS took_us, id
FROM actions
WHERE agent_run = $run
GROUP BY id
ORDER BY time
LIMIT 1000
