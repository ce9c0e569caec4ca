-- title: Settings of a guard changed
-- answers: Which agents wrote or removed the rules of what watches over the machine, or of who may do what?
-- severity: critical
-- tactics: defense-evasion, privilege-escalation
-- attack: T1562.001, T1548.003
-- atlas: AML.T0081
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Package managers; an agent that was asked to write such rules.
-- parameters:
--   files: globs = @guard_files: settings of guards
--   installers: texts = dpkg,apt,apt-get,rpm,dnf,yum,pacman,apk: programs that may write there
-- columns:
--   target: the file
--   operation: what was done
--   cmdline: command line of the program
SELECT *, coalesce(path_to, path) AS target, [row_id] AS evidence
FROM events
WHERE class = 'file' AND outcome = 'success'
    AND operation IN ('file.write', 'file.create', 'file.rename', 'file.link', 'file.symlink', 'file.truncate', 'file.delete', 'file.chmod')
    AND (regexp_full_match(path, $files) OR regexp_full_match(path_to, $files))
    AND NOT list_contains($installers, program)
