-- title: Effect of policies
-- answers: What does each rule of each policy do: how often does it match, stop, fail, and whom does it concern?
-- columns:
--   policy VARCHAR: name of the policy
--   policy_version VARCHAR: hash of its text
--   rule VARCHAR: the rule; default:<selector> where a default decided
--   verdict VARCHAR: what it said
--   severity VARCHAR: its severity
--   matches BIGINT: rows that it decided
--   stopped BIGINT: denials that were stopped, proven
--   failed BIGINT: denials that could not be stopped
--   unverified BIGINT: denials that were acted on without a proof
--   observed BIGINT: denials that nothing was done about (audit mode)
--   went_through BIGINT: rows whose call succeeded
--   runs BIGINT: runs that it concerned
--   agents VARCHAR: agents that it concerned
--   programs BIGINT: distinct programs
--   first_time TIMESTAMPTZ: first match
--   last_time TIMESTAMPTZ: last match
SELECT
    policy, policy_version, rule, verdict, any_value(severity) AS severity, count(*) AS matches,
    count(*) FILTER (effect = 'stopped') AS stopped, count(*) FILTER (effect = 'failed') AS failed,
    count(*) FILTER (effect = 'unverified') AS unverified, count(*) FILTER (effect = 'observed') AS observed,
    count(*) FILTER (outcome = 'success') AS went_through, count(DISTINCT agent_run) AS runs,
    string_agg(DISTINCT agent, ', ' ORDER BY agent) AS agents, count(DISTINCT exe) AS programs,
    min(time) AS first_time, max(time) AS last_time
FROM activity_in_context
WHERE verdict IS NOT NULL
GROUP BY policy, policy_version, rule, verdict
