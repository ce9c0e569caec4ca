-- title: Program under a false name
-- answers: Which programs bear the name of a part of the system, or a hidden one, but lie elsewhere?
-- severity: high
-- tactics: defense-evasion
-- attack: T1036.005, T1564.001
-- atlas: AML.T0074
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: Wrappers of a project that shadow a tool of the system in a folder of PATH.
-- parameters:
--   names: texts = sshd,systemd,systemd-journald,systemd-udevd,cron,crond,init,kworker,kthreadd,ksoftirqd,dbus-daemon,rsyslogd,auditd,login,su,sudo,passwd,getty,agetty,udevd,polkitd,containerd,dockerd,kubelet: names of parts of the system
--   folders: globs = /usr/**,/bin/**,/sbin/**,/lib/**,/lib64/**,/opt/**,/snap/**,/nix/**,/gnu/**: where parts of the system lie
--   hidden: regex = /(\.\.?\s+|\.[^/]*)$|^/(dev/shm|var/tmp|tmp)/(.*/)?\.[^/]+/[^/]+$: program files with a hidden name, or in a hidden folder of a temporary one
-- columns:
--   program_file: the program or script
--   cmdline: command line of the program
SELECT *, coalesce(script, exe) AS program_file, [row_id] AS evidence
FROM commands
WHERE NOT regexp_full_match(coalesce(script, exe), $folders)
    AND (list_contains($names, regexp_extract(coalesce(script, exe), '[^/]*$')) OR regexp_matches(coalesce(script, exe), $hidden))
