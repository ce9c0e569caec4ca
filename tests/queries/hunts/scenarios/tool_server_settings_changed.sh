# finds: target=/home/dev/work/.mcp.json
# near miss: the list is read; a file of another name is written
setup() { echo '{}' >.mcp.json; }
positive() { echo '{"mcpServers":{"x":{"command":"npx"}}}' >.mcp.json; }
negative() { cat .mcp.json; echo '{}' >tsconfig.json; }
