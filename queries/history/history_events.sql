-- title: Events of history
-- answers: What did runs do, did it go through then, and what was said of it?
-- columns:
--   agent_run: the run
--   at_ns: when, in nanoseconds since 1970; from the coarser time where a source has no finer one
--   time_ns: the exact order within a host
--   time: when it happened
--   cpu: processor
--   seq: sequence number within processor and class
--   operation: what was done
--   intent: what an open asked for
--   outcome: how the call ended
--   errno: error number of a failed call
--   process_key: who did it
--   child_key: fork: the new process
--   user: user name
--   uid: user id
--   exe: the program
--   parent_exe: the program of the parent
--   exe_sha256: exec: hash of the program
--   cmdline: exec: the command line, NULL otherwise
--   path: file, program or socket acted on
--   path_to: second name of a rename or link
--   script: exec: the script
--   dev: device of the file
--   ino: inode of the file
--   bytes: how much was moved
--   protocol: transport protocol
--   src_ip: local address
--   src_port: local port
--   dst_ip: peer address
--   dst_port: peer port
--   dst_name: name of the peer
--   ip: the address that rules look at: the local one of bind and listen, else the peer's
--   port: the port beside it
--   verdict: what the policy of then said
--   rule: the rule that said it
--   policy: its policy
--   policy_version: hash of that policy's text
--   severity: severity of that rule
--   stopped: it was stopped then: refused by the kernel, or acted on without a known failure
--   went: it went through then: the call ended well, and nothing was done about it
SELECT
    agent_run, coalesce(time_ns, 1000 * epoch_us(time)) AS at_ns, time_ns, time, cpu, seq, operation, intent, outcome, errno,
    process_key, child_key, "user", uid, exe, parent_exe, exe_sha256,
    CASE WHEN operation = 'exec' THEN cmdline END AS cmdline,
    path, path_to, script, dev, ino, bytes, protocol, src_ip, src_port, dst_ip, dst_port, dst_name,
    CASE WHEN operation IN ('net.bind', 'net.listen') THEN src_ip ELSE dst_ip END AS ip,
    CASE WHEN operation IN ('net.bind', 'net.listen') THEN src_port ELSE dst_port END AS port,
    verdict, rule, policy, policy_version, severity,
    coalesce(outcome = 'denied', false) OR (action IS NOT NULL AND coalesce(enforcement, '') <> 'failed') AS stopped,
    coalesce(outcome, 'success') = 'success' AND (action IS NULL OR coalesce(enforcement, '') = 'failed') AS went
FROM activity
WHERE agent_run IS NOT NULL
