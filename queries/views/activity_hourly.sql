-- title: Activity by the hour
-- answers: How much of what was done in each hour, by whom, and what did policy say?
-- columns:
--   hour TIMESTAMPTZ: begin of the hour
--   host VARCHAR: host name
--   agent VARCHAR: agent
--   agent_run VARCHAR: the run
--   user VARCHAR: user
--   class VARCHAR: activity class
--   operation VARCHAR: what was done
--   verdict VARCHAR: what policy said; NULL where none was in force
--   outcome VARCHAR: success, failure or denied
--   severity VARCHAR: severity of the rule
--   rule VARCHAR: the rule that decided
--   policy VARCHAR: its policy
--   labels VARCHAR: sensitivity labels of the object
--   events BIGINT: rows
--   first_time TIMESTAMPTZ: time of the first
--   last_time TIMESTAMPTZ: time of the last
SELECT
    date_trunc('hour', time) AS hour, host, agent, agent_run, "user", class, operation, verdict, outcome, severity, rule, policy, labels,
    count(*) AS events, min(time) AS first_time, max(time) AS last_time
FROM activity
GROUP BY ALL
