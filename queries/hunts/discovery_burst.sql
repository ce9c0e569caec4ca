-- title: Look around in the host
-- answers: Which runs asked within a short time who they are, where, beside whom and with which network?
-- severity: low
-- tactics: discovery
-- attack: T1082, T1033, T1057, T1016, T1049
-- atlas: AML.T0089
-- owasp: ASI01
-- lookback: 10m
-- scheduled: yes
-- false positives: Scripts that report the surroundings of a failure; configure scripts that ask for uname again and again (distinct programs count, not starts).
-- parameters:
--   window: duration = 2m: within how long
--   many: int = 5: distinct programs from which on it counts
--   programs: texts = whoami,id,groups,uname,hostname,hostnamectl,lsb_release,ps,pstree,top,lsof,ss,netstat,ip,ifconfig,route,arp,who,w,last,lastlog,getent,lscpu,lsblk,df,mount,findmnt,lspci,lsusb,lsmod,dmesg,systemctl,crontab,env,printenv,sysctl,getcap,iwconfig,nmcli,dpkg-query,systemd-detect-virt,dmidecode: programs that look around
-- columns:
--   distinct_programs: how many different ones
--   programs_used: which
--   until_time: the last one in the span
WITH looked AS (
    SELECT * FROM commands WHERE list_contains($programs, program)
),
counted AS (
    SELECT *, count(DISTINCT program) OVER (PARTITION BY agent_run ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM looked
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, arg_min(process_key, time_ns) AS process_key, arg_min(pid, time_ns) AS pid,
    arg_min(exe, time_ns) AS exe, count(DISTINCT program) AS distinct_programs,
    string_agg(DISTINCT program, ', ' ORDER BY program) AS programs_used,
    max(time) AS until_time, list(row_id ORDER BY time_ns) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, reached
