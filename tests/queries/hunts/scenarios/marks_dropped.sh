# finds: parent_marks~CODEX_TOOL_CALL_ID cmdline~ls
# near miss: the child keeps the marks
positive() { CODEX_THREAD_ID=t1 CODEX_TOOL_CALL_ID=c1 sh -c 'env -i /bin/ls >/dev/null; true'; }
negative() { CODEX_THREAD_ID=t1 CODEX_TOOL_CALL_ID=c1 sh -c 'ls >/dev/null; true'; ls >/dev/null; }
