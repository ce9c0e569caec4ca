-- title: Program made to run with its owner's rights
-- answers: Which agents set the set-user-id or set-group-id bit, or gave a file capabilities?
-- severity: high
-- tactics: privilege-escalation, persistence
-- attack: T1548.001
-- atlas: AML.T0105
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Installation of packages that bring such programs. Folders with the set-group-id bit for a shared group are left out.
-- parameters:
--   installers: texts = dpkg,rpm,apk,pacman,tar: programs that restore such bits
--   capabilities: regex = ^setcap .*(cap_(sys_admin|setuid|setgid|dac_override|dac_read_search|sys_ptrace|sys_module|bpf|net_admin|chown|fowner|all)|=ep): command lines that give capabilities
-- columns:
--   path: the file
--   bits: its permission bits, in octal
--   cmdline: command line of the program
SELECT
    time, host, agent_run, agent, process_key, pid, exe, path, printf('%o', mode & 4095) AS bits, cmdline, [row_id] AS evidence
FROM events
WHERE operation = 'file.chmod' AND outcome = 'success' AND NOT list_contains($installers, program)
    AND ((mode & 2048) <> 0 OR ((mode & 1024) <> 0 AND (mode & 8) <> 0 AND NOT regexp_matches(cmdline, '\bg\+s|\b2[0-7]{3}\b.*/$')))
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS path, NULL AS bits, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $capabilities)
