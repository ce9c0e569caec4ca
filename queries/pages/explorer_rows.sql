-- title: Activity, row by row
-- answers: What did agents do, newest first, with which data?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   activities: texts = : only activities of these friendly names; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   labels: texts = : only objects with one of these labels; empty is all
--   labelled: int = 0: 1 for only objects that have a label
--   kinds: texts = : only files of these kinds of secret; empty is all
--   secret: int = 0: 1 for only files that are kept secret by place, label or rule
--   scopes: texts = : only peers there (loopback, private, external); empty is all
-- columns:
--   time TIMESTAMPTZ: when it happened
--   activity VARCHAR: what was done, in plain words
--   agent VARCHAR: agent
--   user VARCHAR: user
--   host VARCHAR: host name
--   object VARCHAR: file, program or address
--   sensitive_kind VARCHAR: kind of secret that is usually kept there
--   labels VARCHAR: sensitivity labels
--   scope VARCHAR: loopback, private or external: where the peer is
--   verdict VARCHAR: what policy said
--   effect VARCHAR: what became of a denial
--   rule VARCHAR: the rule that decided
--   outcome VARCHAR: how the call ended
--   cmdline VARCHAR: command line of the process
--   tool_call VARCHAR: the tool call that caused it
--   run VARCHAR: the run
SELECT
    time, activity, agent, "user", host,
    CASE
        WHEN class = 'process' THEN coalesce(script, path, exe)
        WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
        ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
    END AS object,
    sensitive_kind, labels, dst_scope AS scope, verdict, effect, rule, outcome, cmdline, tool_call, agent_run AS run
FROM (
    SELECT
        *,
        @activity_name AS activity
    FROM activity_in_context
    WHERE time >= $since AND time < $until
)
WHERE (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
    AND (len($activities) = 0 OR list_contains($activities, activity)) AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND (len($labels) = 0 OR list_has_any(string_split(labels, ','), $labels)) AND ($labelled = 0 OR labels IS NOT NULL)
    AND (len($kinds) = 0 OR list_contains($kinds, sensitive_kind)) AND ($secret = 0 OR sensitive_because IS NOT NULL)
    AND (len($scopes) = 0 OR list_contains($scopes, dst_scope))
ORDER BY time_ns DESC
