-- title: Enforcement actions
-- answers: What did Lictor or a person do to a run, did it take effect, and how long did that take?
-- columns:
--   id VARCHAR: action id
--   time TIMESTAMPTZ: when it was intended; when its result was written where the intent is not there
--   done TIMESTAMPTZ: when its result was written; NULL where none is there
--   took_us BIGINT: microseconds from intent to result
--   action VARCHAR: warn, ask, deny, freeze, quarantine, isolate, kill; release, join, restore, purge; webhook, command; pause, resume
--   enforcement VARCHAR: confirmed, failed or unverified; NULL while it is under way, or Lictor was stopped in the middle
--   enforced_at VARCHAR: kernel, fanotify or userspace
--   evidence VARCHAR: what was read back, in words
--   actor VARCHAR: policy, or the person who asked
--   rule VARCHAR: rule that asked for it
--   policy VARCHAR: policy of the rule
--   object VARCHAR: path or address that caused it
--   agent_run VARCHAR: the run
--   process_key BIGINT: the process acted on
--   pid INTEGER: its pid
--   host VARCHAR: host name
--   boot_id VARCHAR: boot of the host
SELECT
    id, coalesce(min(time) FILTER (phase = 'intent'), min(time)) AS time, max(time) FILTER (phase = 'result') AS done,
    date_diff('microsecond', min(time) FILTER (phase = 'intent'), max(time) FILTER (phase = 'result')) AS took_us,
    any_value(action) AS action, arg_max(enforcement, time) FILTER (phase = 'result') AS enforcement,
    any_value(enforced_at) AS enforced_at, arg_max(evidence, time) FILTER (phase = 'result') AS evidence, any_value(actor) AS actor,
    any_value(rule) AS rule, any_value(policy) AS policy, any_value(object) AS object, any_value(agent_run) AS agent_run,
    any_value(process_key) AS process_key, any_value(pid) AS pid, any_value(host) AS host, any_value(boot_id) AS boot_id
FROM actions
GROUP BY id
