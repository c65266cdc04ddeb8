#!/bin/sh
# LATCHKEY_URL and LATCHKEY_TOKEN say where and who. Revision 2026-07-28: each call is one request.
set -eu

call() {
  method=$1 name=$2 params=$3
  # The token comes over standard input, so that no list of processes shows it.
  printf 'Authorization: Bearer %s' "$LATCHKEY_TOKEN" | curl -sS "${LATCHKEY_URL:-http://127.0.0.1:8787/mcp}" -H @- \
    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H "Mcp-Method: $method" ${name:+-H "Mcp-Name: $name"} \
    -d '{"jsonrpc":"2.0","id":1,"method":"'"$method"'","params":{'"$params"'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"curl","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}'
  echo
}

call tools/list '' ''
call tools/call echo '"name":"echo","arguments":{"message":"Hello"},'
