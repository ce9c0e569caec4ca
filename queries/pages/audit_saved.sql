-- title: Saved searches
-- answers: Which searches did people save for all?
-- parameters:
--   page: text = audit: only of this page
-- columns:
--   name VARCHAR: its name
--   detail VARCHAR: its filters, as JSON
--   account VARCHAR: who saved it
--   time TIMESTAMPTZ: when
SELECT object AS name, detail, account, time
FROM console
WHERE act IN ('save_search', 'drop_search') AND outcome = 'success' AND page = $page AND object IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY object ORDER BY time DESC, id) = 1 AND act = 'save_search'
ORDER BY lower(object)
LIMIT 200
