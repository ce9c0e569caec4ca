-- title: Something that will start by itself was written
-- answers: Which agents wrote services, timers, cron tables or autostart entries?
-- severity: high
-- tactics: persistence, privilege-escalation
-- attack: T1053.003, T1543.002, T1547.013
-- atlas: AML.T0108
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Package managers that install a service; an agent that was asked to set one up.
-- parameters:
--   files: globs = @persistence_files: places from which something starts by itself
--   installers: texts = dpkg,apt,apt-get,rpm,dnf,yum,pacman,apk,snap,flatpak: programs that may write there
-- columns:
--   target: the file
--   operation: what was done
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files) AND NOT list_contains($installers, program)
