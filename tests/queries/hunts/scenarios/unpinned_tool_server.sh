# finds: package=@modelcontextprotocol/server-filesystem
# near miss: the version is named; another tool is no server
setup() { fake npx; fake uvx; }
positive() { npx -y @modelcontextprotocol/server-filesystem .; uvx mcp-server-git; }
negative() { npx -y @modelcontextprotocol/server-filesystem@2025.8.21 .; npx prettier --check .; uvx mcp-server-git==2025.1.14; }
