-- The relations that hunts read from: bound to the time span asked for, they name in one word what many hunts look for.
-- Each is a SELECT behind its name, and reads only from those before it; the first one reads the table activity.

-- relation: host_events
-- program: the base name; line: the command line without folders and without the interpreter of a script.
SELECT
    *,
    {'boot_id': boot_id, 'source': source, 'cpu': cpu, 'class': class, 'seq': seq, 'time_ns': time_ns} AS row_id,
    regexp_extract(exe, '[^/]*$') AS program,
    regexp_replace(
        cmdline,
        '^(?:[^ ]*/)?(?:(?:node|nodejs|bun|deno|bash|sh|dash|zsh|python[0-9.]*|perl|ruby|env)\s+(?:[^ ]*/)?([^-\s]))?', '\1'
    ) AS line
FROM activity
WHERE time >= $since AND time < $until

-- relation: events
-- What agents did.
SELECT * FROM host_events WHERE agent_run IS NOT NULL

-- relation: commands
-- Programs that started.
SELECT * FROM events
WHERE operation = 'exec' AND outcome = 'success'

-- relation: reads
SELECT * FROM events
WHERE class = 'file' AND outcome = 'success' AND (operation = 'file.read' OR contains(intent, 'read'))

-- relation: changes
-- Files written, made or renamed. target: the name that holds the content afterwards.
SELECT *, coalesce(path_to, path) AS target
FROM events
WHERE outcome = 'success'
    AND operation IN ('file.write', 'file.create', 'file.rename', 'file.link', 'file.symlink', 'file.truncate')

-- relation: outbound
-- Connections and datagrams asked for, whatever came of them.
SELECT
    *,
    CASE
        WHEN dst_ip LIKE '127.%' OR dst_ip IN ('::1', '0.0.0.0', '::') THEN 'loopback'
        WHEN regexp_matches(dst_ip, '^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.)')
            OR regexp_matches(lower(dst_ip), '^f(?:[cd][0-9a-f]*|e[89ab][0-9a-f]*):') THEN 'private'
        WHEN regexp_matches(lower(dst_ip), '^(22[4-9]\.|23[0-9]\.|255\.|ff)') THEN 'multicast'
        ELSE 'external'
    END AS scope
FROM events
WHERE operation IN ('net.connect', 'net.send') AND dst_ip IS NOT NULL
