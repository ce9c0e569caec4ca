-- title: Actions around a finding
-- answers: What was done in the run around that time, by whom, and is it proven?
-- parameters:
--   run: text = : the run; empty is what was done on the host outside of runs
--   host: text = : the host
--   first: time = -infinity: only what happened at this time or later
--   last: time = infinity: only what happened before this time
-- columns:
--   time TIMESTAMPTZ: when it was intended
--   action VARCHAR: what was done
--   object VARCHAR: path or address that caused it
--   rule VARCHAR: rule that asked for it
--   actor VARCHAR: policy, or the person who asked
--   enforced_at VARCHAR: kernel, fanotify or userspace
--   enforcement VARCHAR: confirmed, failed or unverified; NULL while it is under way
--   evidence VARCHAR: what was read back
--   took_us BIGINT: microseconds from intent to result
--   id VARCHAR: action id
SELECT
    coalesce(min(time) FILTER (phase = 'intent'), min(time)) AS time, any_value(action) AS action, any_value(object) AS object,
    any_value(rule) AS rule, any_value(actor) AS actor, any_value(enforced_at) AS enforced_at,
    arg_max(enforcement, time) FILTER (phase = 'result') AS enforcement, arg_max(evidence, time) FILTER (phase = 'result') AS evidence,
    date_diff('microsecond', min(time) FILTER (phase = 'intent'), max(time) FILTER (phase = 'result')) AS took_us, id
FROM actions
WHERE time >= $first AND time < $last AND CASE WHEN $run = '' THEN agent_run IS NULL AND host = $host ELSE agent_run = $run END
GROUP BY id
ORDER BY time, id
LIMIT 1000
