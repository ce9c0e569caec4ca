-- title: Tool server started from an unpinned package
-- answers: Which agents started a package straight from a registry, in whatever version is there today?
-- severity: medium
-- tactics: initial-access, execution
-- attack: T1195.001, T1195.002
-- atlas: AML.T0010.005, AML.T0109
-- owasp: ASI04
-- lookback: 5m
-- scheduled: yes
-- false positives: Developer tools that are commonly started this way (npx tsc, npx prettier).
-- parameters:
--   runners: regex = ^(npx|bunx|bun x|pnpm dlx|pnpx|yarn dlx|npm exec|uvx|uv tool run|pipx run|deno run)\b: programs that fetch and run a package
--   pinned: regex = (@v?[0-9]+\.[0-9]+\.[0-9]+|==[0-9]+\.[0-9]|@sha256:|@[0-9a-f]{40}\b|--no-install\b|--offline\b): how a version is named
--   tools: regex = (?i)(\bmcp\b|[-_/]mcp|mcp[-_]|server|agent|@modelcontextprotocol/): what counts as a server of tools
--   allowed: texts = : packages that need no version
-- columns:
--   package: the package
--   cmdline: command line of the program
SELECT
    *,
    regexp_extract(regexp_replace(line, $runners, ''), '(?:^|\s)((?:@[\w.-]+/)?\w[\w./-]*(?:@[\w.-]+)?)', 1) AS package, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $runners) AND regexp_matches(line, $tools) AND NOT regexp_matches(line, $pinned)
    AND NOT list_contains(
        $allowed, regexp_extract(regexp_replace(line, $runners, ''), '(?:^|\s)((?:@[\w.-]+/)?\w[\w./-]*(?:@[\w.-]+)?)', 1)
    )
