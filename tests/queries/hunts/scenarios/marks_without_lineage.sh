# finds: claims=claude-code
# near miss: the marks are those of the run's own agent
positive() { CLAUDECODE=1 true 2>/dev/null; CLAUDECODE=1 ls >/dev/null; }
negative() { CODEX_THREAD_ID=t1 CODEX_TOOL_CALL_ID=c1 ls >/dev/null; }
