-- title: Secret store queried
-- answers: Which agents asked a key ring, a password store or a browser's store for its secrets?
-- severity: high
-- tactics: credential-access
-- attack: T1555.001, T1555.003, T1555.005
-- atlas: AML.T0090, AML.T0098
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Credential helpers of git or docker that run secret-tool or pass on their own.
-- parameters:
--   queries: regex = ^(secret-tool (lookup|search)|security (find-(generic|internet)-password|dump-keychain|export)|pass (show|ls|grep)|gopass (show|cat)|op (read|item get)|bw (get|export|list)|keyctl (print|pipe|read)|gpg2? .*--export-secret|kwallet-query|vaultcmd|cmdkey) ?: command lines that ask
--   stores: globs = **/{Login Data,Cookies,key4.db,logins.json,cookies.sqlite,Web Data}: files of browsers that hold secrets
--   browsers: texts = chrome,chromium,google-chrome,firefox,firefox-bin,brave,msedge,opera,vivaldi-bin: programs whose files they are
-- columns:
--   path: the store, where a file was opened
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS path, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $queries)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, path, cmdline, [row_id] AS evidence
FROM reads
WHERE regexp_full_match(path, $stores) AND NOT list_contains($browsers, program)
