-- title: Activity in context
-- answers: What was done, to what kind of object, what became of it, and why is that sensitive?
-- table: activity
-- columns:
--   event_id VARCHAR: MD5 hash that names the event
--   agent_id VARCHAR: names the agent: MD5 of host, user and product
--   denied BOOLEAN: whether the verdict is deny or stronger
--   sensitive_kind VARCHAR: kind of secret that is usually kept at such a path
--   src_scope VARCHAR: loopback, private or external: where the local address is; NULL for every address (0.0.0.0)
--   dst_scope VARCHAR: loopback, private or external: where the peer address is
--   effect VARCHAR: what became of a denial: stopped, failed, unverified, or observed where nothing was done (audit mode)
--   sensitive_because VARCHAR: why a file counts as sensitive: label, place or rule
--   facts JSON: what the event has that other products' tables have no column for; absent values are left out
WITH known AS (
    SELECT
        a.*,
        md5(concat_ws(
            '|', coalesce(a.boot_id, a.host, ''), coalesce(a.source, ''), coalesce(CAST(a.cpu AS VARCHAR), ''), coalesce(a.class, ''),
            coalesce(CAST(a.seq AS VARCHAR), ''), coalesce(CAST(a.time_ns AS VARCHAR), CAST(a.time AS VARCHAR), ''),
            coalesce(a.operation, ''), coalesce(CAST(a.process_key AS VARCHAR), ''), coalesce(a.agent_run, '')
        )) AS event_id,
        md5(concat_ws('|', coalesce(a.host, ''), coalesce(a."user", ''), coalesce(a.agent, ''))) AS agent_id,
        -- Not IN: DuckDB makes a join of a long list.
        CASE a.verdict WHEN 'deny' THEN true WHEN 'freeze' THEN true WHEN 'quarantine' THEN true WHEN 'isolate' THEN true WHEN 'kill' THEN true ELSE false END AS denied,
        list_transform([a.src_ip, a.dst_ip], lambda ip: CASE
            WHEN ip LIKE '127.%' OR ip IN ('::1', '0.0.0.0', '::') THEN 'loopback'
            WHEN regexp_matches(ip, '^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.)')
                OR regexp_matches(lower(ip), '^(f[cd]|fe[89ab])[0-9a-f]*:') THEN 'private'
            WHEN ip IS NOT NULL THEN 'external'
        END) AS scopes,
        CASE
            WHEN a.class <> 'file' OR a.path IS NULL THEN NULL
            WHEN regexp_matches(a.path, '/\.ssh/(id_[^/.]*|identity|authorized_keys2?|[^/]*\.(pem|key))$') THEN 'SSH key'
            WHEN regexp_matches(a.path, '/(\.aws/(credentials|sso/cache/[^/]*)|\.azure/[^/]*(token|profile)[^/]*|gcloud/(credentials\.db|access_tokens\.db|application_default_credentials\.json))$') THEN 'cloud credentials'
            WHEN regexp_matches(a.path, '/(\.kube/config|\.docker/config\.json|\.netrc|\.git-credentials|\.npmrc|\.pypirc|\.cargo/credentials(\.toml)?|\.config/gh/hosts\.yml|\.vault-token|\.pgpass)$') THEN 'access token'
            WHEN regexp_matches(a.path, '/(\.claude/\.credentials\.json|\.codex/auth\.json|\.gemini/oauth_creds\.json|\.qwen/oauth_creds\.json|opencode/auth\.json)$') THEN 'agent credentials'
            WHEN regexp_matches(a.path, '^/etc/(shadow|gshadow)-?$|^/etc/(sudoers$|sudoers\.d/|ssh/ssh_host_[^/]*_key$)') THEN 'system secret'
            WHEN regexp_matches(a.path, '/\.env(\.[^/]*)?$') AND NOT regexp_matches(a.path, '\.(example|sample|template|dist)$') THEN 'environment file'
            WHEN regexp_matches(a.path, '/(\.gnupg/(private-keys-v1\.d/|secring\.)|\.local/share/keyrings/|\.password-store/)') THEN 'key ring'
            WHEN regexp_matches(a.path, '/(mozilla|firefox|google-chrome|chromium|BraveSoftware)/.*/(key4\.db|logins\.json|cookies\.sqlite|Login Data|Cookies)$') THEN 'browser store'
            WHEN regexp_matches(a.path, '\.(p12|pfx|kdbx|ppk|jks|keystore)$') THEN 'key store'
        END AS sensitive_kind
    FROM activity AS a
)
SELECT
    * EXCLUDE (scopes),
    -- Listening at 0.0.0.0 is listening everywhere; connecting to it is connecting to oneself.
    CASE WHEN src_ip NOT IN ('0.0.0.0', '::') THEN scopes[1] END AS src_scope, scopes[2] AS dst_scope,
    CASE WHEN denied THEN
        CASE
            WHEN action IS NULL THEN 'observed'
            WHEN enforcement = 'confirmed' THEN 'stopped'
            WHEN enforcement = 'failed' THEN 'failed'
            ELSE 'unverified'
        END
    END AS effect,
    CASE
        WHEN class <> 'file' THEN NULL
        WHEN labels IS NOT NULL THEN 'label'
        WHEN sensitive_kind IS NOT NULL THEN 'place'
        WHEN verdict <> 'allow' AND rule NOT LIKE 'default:%' THEN 'rule'
    END AS sensitive_because,
    json_merge_patch('{}', to_json({
        'Operation': operation, 'Outcome': outcome, 'Errno': nullif(errno, 0), 'Agent': agent, 'AgentVersion': agent_version,
        'Run': agent_run, 'Conversation': conversation, 'ToolCall': tool_call, 'Tool': tool, 'TraceId': trace_id,
        'Verdict': verdict, 'Rule': rule, 'Policy': policy, 'Action': action, 'EnforcedAt': enforced_at,
        'Enforcement': enforcement, 'Labels': labels, 'Sensitive': sensitive_kind, 'Script': script, 'Cwd': cwd,
        'ExitCode': exit_code, 'Signal': signal, 'Container': container, 'Quality': quality
    })) AS facts
FROM known
