-- title: Logs or history removed
-- answers: Which agents deleted, cut or moved away what says what happened?
-- severity: high
-- tactics: defense-evasion
-- attack: T1070.002, T1070.003
-- atlas: none
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Rotation of logs; clean-up of disk space that an agent was asked for.
-- parameters:
--   files: globs = @log_files: logs and histories
--   rotators: texts = logrotate,dpkg,apt,apt-get,journalctl,systemd-journald,rsyslogd: programs that may do so
--   clears: regex = (^journalctl .*--(vacuum|rotate)|^(bash|sh|zsh|dash)?\s?.*\bhistory -[cw]\b|\bHISTFILE=(/dev/null)?\b.*(export|unset)|unset HISTFILE|^shred\b.*(history|/var/log)|^wevtutil cl): command lines that do so
-- columns:
--   path: the file, where one was removed
--   operation: what was done
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, path, operation, cmdline, [row_id] AS evidence
FROM events
WHERE class = 'file' AND outcome = 'success' AND regexp_full_match(path, $files) AND NOT list_contains($rotators, program)
    AND (operation IN ('file.delete', 'file.truncate', 'file.rename') OR contains(intent, 'truncate'))
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS path, operation, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $clears)
