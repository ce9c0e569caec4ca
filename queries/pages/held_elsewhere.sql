-- title: Questions that wait in the lake
-- answers: Which questions wait for a person, as far as the lake knows, wherever the run is?
-- columns:
--   asked TIMESTAMPTZ: when it was asked, or its change became known
--   until TIMESTAMPTZ: when the time is up
--   then VARCHAR: what happens then
--   host VARCHAR: host name
--   agent VARCHAR: agent
--   user VARCHAR: who runs the agent
--   operation VARCHAR: what it asks for; NULL where a person froze the run
--   object VARCHAR: path or address
--   rule VARCHAR: the rule that asks
--   because VARCHAR: why the rule asks
--   agent_run VARCHAR: the run
--   id VARCHAR: the question
SELECT time AS asked, "until", "then", host, agent, "user", operation, object, rule, because, agent_run, id
FROM requests
WHERE state = 'waiting' AND "until" >= $since
ORDER BY "until", id
LIMIT 200
