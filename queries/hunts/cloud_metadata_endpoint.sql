-- title: Cloud metadata endpoint contacted
-- answers: Which agents asked the machine's cloud for its credentials?
-- severity: high
-- tactics: credential-access, discovery
-- attack: T1552.005
-- atlas: AML.T0055, AML.T0075
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Command-line tools and SDKs of clouds that look for credentials there when they find none elsewhere.
-- parameters:
--   addresses: texts = 169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,100.100.100.200,168.63.129.16: addresses of metadata services
--   names: texts = metadata.google.internal,metadata.azure.internal,instance-data.ec2.internal: their names
--   tools: texts = : programs that may ask
-- columns:
--   dst_ip: address
--   dst_port: port
--   cmdline: command line of the program
--   outcome: how the call ended
SELECT time, host, agent_run, agent, process_key, pid, exe, dst_ip, dst_port, cmdline, outcome, [row_id] AS evidence
FROM outbound
WHERE (list_contains($addresses, dst_ip) OR list_contains($names, dst_name)) AND NOT list_contains($tools, program)
