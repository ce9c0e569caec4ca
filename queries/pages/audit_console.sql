-- title: Audit search: what people did here
-- answers: Who looked at what in the dashboard, and did what, newest first?
-- parameters:
--   keyword: text = : only rows in whose account, act, object or note this stands
--   run: text = : only about this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when
--   account VARCHAR: who
--   role VARCHAR: what the account was then
--   act VARCHAR: what they did
--   phase VARCHAR: intent or result
--   outcome VARCHAR: success, failure or denied
--   page VARCHAR: the page
--   object VARCHAR: what was looked at or acted on
--   status VARCHAR: new status of a finding
--   note VARCHAR: what they said
--   client VARCHAR: address that the request came from
--   account_source VARCHAR: local, link or oidc
--   detail VARCHAR: filters, number of rows, result
--   run VARCHAR: the run
--   id VARCHAR: names the row
SELECT time, account, role, act, phase, outcome, page, object, status, note, client, account_source, detail, agent_run AS run, id
FROM console
WHERE time >= $since AND time < $until AND ($run = '' OR agent_run = $run)
    AND ($keyword = '' OR contains(lower(concat_ws(' ', account, act, object, note, page)), lower($keyword)))
ORDER BY time DESC
