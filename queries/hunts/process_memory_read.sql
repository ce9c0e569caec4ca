-- title: Memory or environment of another process read
-- answers: Which agents looked into other processes, by /proc or with a debugger?
-- severity: high
-- tactics: credential-access
-- attack: T1003.007, T1057
-- atlas: AML.T0090
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Debugging that an agent was asked for; ps and top of some systems read environ of every process.
-- parameters:
--   debuggers: regex = ^(gdb .*(-p|--pid|--attach)|gdb \S+ [0-9]+$|strace .*-p ?[0-9]|ltrace .*-p ?[0-9]|gcore |procdump |lldb .*(-p|--attach)|py-spy (dump|record)|mimipenguin): command lines that attach to a process
--   tools: texts = ps,top,htop,pgrep,pkill,pidof,lsof,fuser,systemctl,ss,w,uptime: programs that look at all processes by their nature
-- columns:
--   path: what was opened in /proc
--   target_pid: whose it is
--   cmdline: command line of the program
SELECT
    time, host, agent_run, agent, process_key, pid, exe, path,
    TRY_CAST(regexp_extract(path, '^/proc/(\d+)/', 1) AS INTEGER) AS target_pid, cmdline, [row_id] AS evidence
FROM events
WHERE class = 'file' AND operation IN ('file.read', 'file.write') AND starts_with(path, '/proc/')
    AND regexp_full_match(path, '/proc/\d+/(task/\d+/)?(environ|mem|maps|smaps|auxv)')
    AND regexp_extract(path, '^/proc/(\d+)/', 1) <> CAST(pid AS VARCHAR)
    AND NOT list_contains($tools, program)
UNION ALL
SELECT
    time, host, agent_run, agent, process_key, pid, exe, NULL AS path,
    TRY_CAST(regexp_extract(line, '-p ?(\d+)', 1) AS INTEGER) AS target_pid, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $debuggers)
