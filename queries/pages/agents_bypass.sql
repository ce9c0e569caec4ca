-- title: Bypass flags
-- answers: Which agents were started so that nobody is asked?
-- parameters:
--   flags: regex = --dangerously-skip-permissions: arguments that switch approvals off
-- columns:
--   agent_id VARCHAR: names the agent
--   flag VARCHAR: the argument
--   runs BIGINT: runs with it
--   last TIMESTAMPTZ: begin of the newest of them
--   run VARCHAR: that run
WITH latest AS (
    SELECT
        run, agent, host, "user", state, started, ended, coalesce(mode, 'none') AS mode, policy, command, events, denied, lost,
        md5(concat_ws('|', coalesce(host, ''), coalesce("user", ''), coalesce(agent, ''))) AS agent_id
    FROM run_log
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
)
SELECT
    agent_id, regexp_extract(command, $flags) AS flag, count(*) AS runs, max(started) AS last, arg_max(run, started) AS run
FROM latest
WHERE coalesce(ended, 'infinity') >= $since AND started < $until AND regexp_matches(command, $flags)
GROUP BY agent_id, flag
ORDER BY ALL
LIMIT 5000
