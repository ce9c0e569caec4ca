-- title: Evidence of a hit
-- answers: Which rows does a hit of a hunt rest on, in order?
-- parameters:
--   rows: texts = : boot_id, source, cpu, class, seq and time_ns of each, with bars between
-- columns:
--   time TIMESTAMPTZ: when it happened
--   operation VARCHAR: what was done
--   object VARCHAR: file, program or address
--   verdict VARCHAR: what policy said
--   rule VARCHAR: the rule that decided
--   outcome VARCHAR: how the call ended
--   exe VARCHAR: the program
--   cmdline VARCHAR: its command line
--   user VARCHAR: user
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   run VARCHAR: the run
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: which collector saw it
--   cpu INTEGER: processor
--   class VARCHAR: activity class
--   seq BIGINT: sequence number
--   time_ns BIGINT: the exact order within a host
SELECT
    time, operation,
    CASE
        WHEN class = 'process' THEN coalesce(script, path, exe)
        WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
        ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
    END AS object,
    verdict, rule, outcome, exe, cmdline, "user", agent, host, agent_run AS run, boot_id, source, cpu, class, seq, time_ns
FROM activity
WHERE time >= $since AND time < $until AND list_contains($rows, concat(boot_id, '|', source, '|', cpu, '|', class, '|', seq, '|', time_ns))
ORDER BY time_ns, seq
LIMIT 1000
