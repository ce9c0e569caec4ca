-- title: Audit search: what people did here
-- answers: Who looked at what in the dashboard, and did what, newest first?
-- parameters:
--   acts: texts = : only these acts; empty is all
--   accounts: texts = : only these accounts; empty is all
--   outcomes: texts = : only these outcomes; empty is all
--   keyword: text = : only rows in whose account, act, object, note or detail this stands
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
    AND (len($acts) = 0 OR list_contains($acts, act)) AND (len($accounts) = 0 OR list_contains($accounts, account))
    AND (len($outcomes) = 0 OR list_contains($outcomes, outcome))
    AND ($keyword = '' OR contains(lower(concat_ws(chr(10), account, act, object, note, page, detail)), lower($keyword)))
ORDER BY time DESC, id
