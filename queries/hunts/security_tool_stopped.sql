-- title: Guard or collector stopped
-- answers: Which agents stopped, unloaded or weakened what watches over the machine?
-- severity: critical
-- tactics: defense-evasion
-- attack: T1562.001, T1562.004, T1562.006
-- atlas: AML.T0105
-- owasp: ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: Upkeep of those services that an agent was asked for.
-- parameters:
--   guards: regex = (lictor|auditd|auditbeat|filebeat|falco|tetragon|osqueryd?|wazuh|crowdstrike|falcon-sensor|mdatp|sentinelone|s1-agent|rsyslogd?|syslog-ng|journald|fluent-bit|vector|otelcol|kubearmor|apparmor|firewalld|ufw|nftables|fail2ban|clamav): names of guards
--   stops: regex = ^((systemctl|service|rc-service|initctl|launchctl)\b.*\b(stop|disable|mask|kill|unload|bootout)\b|(kill|pkill|killall|skill)\b|(apt|apt-get|dnf|yum|rpm|dpkg|pacman)\b.*(remove|purge|erase| -e | -r | -R)): command lines that stop something; a guard's name must follow
--   weakens: regex = ^(auditctl .*(-D|-e ?0)|setenforce (0|[Pp]ermissive)|ufw disable|iptables .*(-F|--flush|-P \w+ ACCEPT)|nft flush|bpftool .*(detach|prog.*delete)|aa-(disable|teardown|complain)|sysctl .*(kernel\.(kptr_restrict|yama|dmesg_restrict|randomize_va_space)=0|unprivileged_bpf_disabled=0)|mokutil --disable|lictor pause): command lines that weaken a guard by themselves
-- columns:
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $weakens) OR (regexp_matches(line, $stops) AND regexp_matches(lower(line), '\b' || $guards || '\b'))
