-- title: Accounts of the host changed
-- answers: Which agents made, changed or unlocked a user of the host?
-- severity: high
-- tactics: persistence, privilege-escalation
-- attack: T1136.001, T1098
-- atlas: AML.T0108
-- owasp: ASI03, ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Packages that make a user for their service; containers that are being set up.
-- parameters:
--   edits: regex = ^(useradd|adduser|usermod|groupadd|gpasswd|chpasswd|newusers|vipw|visudo|passwd( -[a-z]+)* \S|dscl .*-create|net user .*/add|htpasswd )( |$)?: command lines that change accounts
--   files: globs = /etc/{passwd,group,shadow,gshadow,subuid,subgid}: files with accounts
--   installers: texts = dpkg,rpm,apk,pacman: programs that may
-- columns:
--   target: the file, where one was written
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS target, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $edits)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, target, cmdline, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files) AND NOT list_contains($installers, program)
