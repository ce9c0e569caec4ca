-- title: Audit search: activity
-- answers: What did agents do, newest first?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   activities: texts = : only activities of these friendly names; empty is all
--   operations: texts = : only these operations; empty is all
--   classes: texts = : only these classes; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   object: globs = **: only rows whose path, address or program fits
--   piece: text = : text that stands in everything that fits the object
--   part: text = : only rows in whose path, address or program this stands
--   keyword: text = : only rows in whose paths, addresses, programs, rule or labels this stands
--   everything: globs = **: an object that all rows fit
--   content: int = 0: whether the keyword may also stand in a command line: 1 or 0
--   run: text = : only this run; empty is all
--   labels: texts = : only rows with one of these labels; empty is all
--   rule: text = : only rows that this rule decided; empty is all
-- columns:
--   time TIMESTAMPTZ: when it happened
--   activity VARCHAR: what was done, in plain words
--   operation VARCHAR: what was done
--   user VARCHAR: user of the process
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   object VARCHAR: file, program or address
--   verdict VARCHAR: what policy said
--   rule VARCHAR: the rule that decided
--   outcome VARCHAR: how the call ended
--   exe VARCHAR: the program
--   cmdline VARCHAR: its command line
--   labels VARCHAR: sensitivity labels of the object
--   tool_call VARCHAR: the tool call that caused it
--   run VARCHAR: the run
--   class VARCHAR: activity class
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: which collector saw it
--   cpu INTEGER: processor
--   seq BIGINT: sequence number
--   time_ns BIGINT: the exact order within a host
SELECT time, activity, operation, "user", agent, host, object, verdict, rule, outcome, exe, cmdline, labels, tool_call, run, class, boot_id, source, cpu, seq, time_ns
FROM (
    SELECT
        time,
        @activity_name AS activity,
        operation, "user", agent, host,
        CASE
            WHEN class = 'process' THEN coalesce(script, path, exe)
            WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
            ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
        END AS object,
        verdict, rule, outcome, exe, cmdline, labels, tool_call, agent_run AS run, class, boot_id, source, cpu, seq, time_ns,
        path, path_to, script, dst_ip, dst_name
    FROM activity
    WHERE time >= $since AND time < $until
)
WHERE (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user")) AND (len($activities) = 0 OR list_contains($activities, activity))
    AND (len($operations) = 0 OR list_contains($operations, operation)) AND (len($classes) = 0 OR list_contains($classes, class))
    AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    -- Column by column: texts that repeat are looked at once, and a part of the pattern is looked for before all of it is.
    AND ($object = $everything
        OR (contains(path, $piece) AND regexp_full_match(path, $object)) OR (contains(path_to, $piece) AND regexp_full_match(path_to, $object))
        OR (contains(dst_ip, $piece) AND regexp_full_match(dst_ip, $object)) OR (contains(dst_name, $piece) AND regexp_full_match(dst_name, $object))
        OR (class = 'process' AND contains(exe, $piece) AND regexp_full_match(exe, $object))
        OR (class = 'process' AND contains(script, $piece) AND regexp_full_match(script, $object)))
    AND ($part = '' OR contains(lower(path), lower($part)) OR contains(lower(path_to), lower($part)) OR contains(lower(dst_ip), lower($part))
        OR contains(lower(dst_name), lower($part)) OR (class = 'process' AND (contains(lower(exe), lower($part)) OR contains(lower(script), lower($part)))))
    AND ($keyword = '' OR contains(lower(path), lower($keyword)) OR contains(lower(path_to), lower($keyword)) OR contains(lower(script), lower($keyword))
        OR contains(lower(dst_name), lower($keyword)) OR contains(lower(dst_ip), lower($keyword)) OR contains(lower(exe), lower($keyword))
        OR contains(lower(rule), lower($keyword)) OR contains(lower(labels), lower($keyword))
        OR ($content = 1 AND contains(lower(cmdline), lower($keyword))))
    AND ($run = '' OR run = $run) AND ($rule = '' OR rule = $rule)
    AND (len($labels) = 0 OR list_has_any(string_split(labels, ','), $labels))
ORDER BY time DESC, time_ns DESC, boot_id, source, cpu, class, seq
