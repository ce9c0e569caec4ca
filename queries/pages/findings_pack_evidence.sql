-- title: Evidence of a finding in full
-- answers: Which rows does the finding rest on, with every column?
-- parameters:
--   finding: text = : the finding's id
-- columns:
--   time TIMESTAMPTZ: when it happened
--   time_ns BIGINT: the exact order within a host
--   boottime_ns BIGINT: the clock that no administrator can step
--   host VARCHAR: host name
--   boot_id VARCHAR: identifies one boot of the host
--   source VARCHAR: which collector saw it
--   cpu INTEGER: processor; sequence numbers count per processor and class
--   seq BIGINT: sequence number within (boot_id, source, cpu, class); gaps are losses
--   class VARCHAR: activity class
--   operation VARCHAR: what was done
--   intent VARCHAR: what an open asked for: read, write, create, truncate
--   outcome VARCHAR: success, failure or denied
--   errno INTEGER: 0, or the positive error number of the failed call
--   exit_code INTEGER: exit: status given to exit(2)
--   signal INTEGER: exit: the signal that ended the process
--   agent VARCHAR: which agent the run belongs to
--   agent_version VARCHAR: its version where it says so
--   agent_run VARCHAR: the run; every process of it inherits it
--   initiator VARCHAR: agent, human or unknown
--   initiator_evidence VARCHAR: what the initiator is concluded from
--   user VARCHAR: name of uid
--   uid BIGINT: effective user id
--   process_key BIGINT: identity of the process: boot id, start time and pid folded
--   pid INTEGER: process id (thread group) in the first pid namespace
--   tid INTEGER: thread id in the first pid namespace
--   parent_key BIGINT: process_key of the creator (fork: of the new process's creator)
--   child_key BIGINT: fork: process_key of the new process
--   child_pid INTEGER: fork: pid of the new process
--   exe VARCHAR: the program file that runs
--   parent_exe VARCHAR: the program file of the parent process, where it is known
--   exe_sha256 VARCHAR: exec: SHA-256 of the program file, where a policy asks for it
--   cmdline VARCHAR: argv, joined by spaces, shell-quoted where needed
--   cmdline_bytes INTEGER: true length of argv, also where cmdline is truncated
--   cwd VARCHAR: working directory at exec
--   container VARCHAR: container id
--   cgroup VARCHAR: cgroup v2 path
--   path VARCHAR: file, program or unix socket acted on
--   path_to VARCHAR: second path: new name of a rename, link or symlink
--   script VARCHAR: exec: the script, when exe is its interpreter
--   dev BIGINT: device of the file (kernel numbering)
--   ino BIGINT: inode number
--   open_flags INTEGER: flags of the open
--   mode INTEGER: file type and permission bits
--   bytes BIGINT: how much was moved
--   sha256 VARCHAR: content hash
--   labels VARCHAR: sensitivity labels of the object
--   protocol VARCHAR: tcp, udp, unix, …
--   src_ip VARCHAR: local address
--   src_port INTEGER: local port
--   dst_ip VARCHAR: peer address; IPv4 in IPv6 is shown as IPv4
--   dst_port INTEGER: peer port
--   dst_name VARCHAR: name that the address was reached by
--   dst_name_from VARCHAR: where dst_name comes from
--   conversation VARCHAR: the agent's session
--   tool_call VARCHAR: the tool call that caused it
--   tool VARCHAR: the tool's name
--   trace_id VARCHAR: W3C trace id
--   span_id VARCHAR: W3C span id
--   join_confidence DOUBLE: how sure the join to telemetry is
--   marks VARCHAR: environment marks that agents set, as a JSON object
--   verdict VARCHAR: what the policy said; NULL where no policy was in force
--   rule VARCHAR: the rule that decided; default:<selector> where a default did
--   policy VARCHAR: name of the policy
--   policy_version VARCHAR: hash of the policy text in force
--   severity VARCHAR: severity of the rule
--   action VARCHAR: what was done; NULL where nothing was (audit mode, allow)
--   enforced_at VARCHAR: kernel, fanotify, userspace or none
--   enforcement VARCHAR: what was seen afterwards: confirmed, failed, unverified
--   quality VARCHAR: what is wrong with this row
WITH proof AS (
    -- An alarm's evidence is one object about an action, and names no rows.
    SELECT unnest(from_json(
        CASE WHEN json_type(evidence) = 'ARRAY' THEN evidence ELSE '[]' END,
        '[{"boot_id":"VARCHAR","source":"VARCHAR","cpu":"INTEGER","class":"VARCHAR","seq":"BIGINT","time_ns":"BIGINT"}]'
    ), recursive := true)
    FROM findings
    WHERE id = $finding
)
SELECT
    a.time, a.time_ns, a.boottime_ns, a.host, a.boot_id, a.source, a.cpu, a.seq, a.class, a.operation, a.intent, a.outcome,
    a.errno, a.exit_code, a.signal, a.agent, a.agent_version, a.agent_run, a.initiator, a.initiator_evidence, a."user",
    a.uid, a.process_key, a.pid, a.tid, a.parent_key, a.child_key, a.child_pid, a.exe, a.parent_exe, a.exe_sha256, a.cmdline,
    a.cmdline_bytes, a.cwd, a.container, a.cgroup, a.path, a.path_to, a.script, a.dev, a.ino, a.open_flags, a.mode, a.bytes,
    a.sha256, a.labels, a.protocol, a.src_ip, a.src_port, a.dst_ip, a.dst_port, a.dst_name, a.dst_name_from, a.conversation,
    a.tool_call, a.tool, a.trace_id, a.span_id, a.join_confidence, a.marks, a.verdict, a.rule, a.policy, a.policy_version,
    a.severity, a.action, a.enforced_at, a.enforcement, a.quality
FROM activity AS a
SEMI JOIN proof AS p
    ON a.time_ns IS NOT DISTINCT FROM p.time_ns AND a.seq IS NOT DISTINCT FROM p.seq AND a.cpu IS NOT DISTINCT FROM p.cpu
    AND a.class IS NOT DISTINCT FROM p.class AND a.source IS NOT DISTINCT FROM p.source AND a.boot_id IS NOT DISTINCT FROM p.boot_id
WHERE a.time >= $since AND a.time < $until
ORDER BY a.time_ns, a.seq
LIMIT 1000
