-- title: Code slipped into other programs
-- answers: Which agents made the loader bring in a library that a program did not ask for?
-- severity: high
-- tactics: persistence, privilege-escalation, defense-evasion
-- attack: T1574.006
-- atlas: AML.T0053
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: Profilers and memory checkers (jemalloc, libasan, faketime).
-- parameters:
--   files: globs = /etc/ld.so.preload,/etc/ld.so.conf,/etc/ld.so.conf.d/**: files of the loader
--   switches: regex = (^|[ '";(])(LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|PYTHONSTARTUP|BASH_ENV|PERL5OPT)=: how a command line asks for it
--   harmless: regex = LD_PRELOAD=\S*(libasan|libtsan|jemalloc|tcmalloc|libfaketime|libeatmydata|stdbuf): what is commonly meant well
-- columns:
--   target: the file, where one was written
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, target, cmdline, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS target, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $switches) AND NOT regexp_matches(cmdline, $harmless)
