import { jsonTemplate, type Client } from './client.ts';

const NEEDS_OAUTH =
  'It signs in by OAuth or not at all and takes no token or header, so a Latchkey of this version cannot be added to it: it has no authorization server yet.';

const QUESTION = 'Which tools do you have?';

// https://platform.claude.com/docs/en/agents-and-tools/mcp-connector
const ANTHROPIC_BETA = 'mcp-client-2025-11-20';
const ANTHROPIC_MODEL = 'claude-sonnet-4-5';

// The body goes over standard input, so that the token is in no argument list; the shell puts it in.
const ANTHROPIC_CURL = `curl -sS https://api.anthropic.com/v1/messages \\
  -H 'Content-Type: application/json' \\
  -H "X-API-Key: $ANTHROPIC_API_KEY" \\
  -H 'anthropic-version: 2023-06-01' \\
  -H 'anthropic-beta: ${ANTHROPIC_BETA}' \\
  -d @- <<EOF
${jsonTemplate({
  model: ANTHROPIC_MODEL,
  max_tokens: 1000,
  messages: [{ role: 'user', content: QUESTION }],
  mcp_servers: [{ type: 'url', url: '{{url}}', name: 'latchkey', authorization_token: '$LATCHKEY_TOKEN' }],
  tools: [{ type: 'mcp_toolset', mcp_server_name: 'latchkey' }],
})}
EOF`;

const ANTHROPIC_TYPESCRIPT = `import Anthropic from '@anthropic-ai/sdk';

const anthropic = new Anthropic();
const message = await anthropic.beta.messages.create({
  model: '${ANTHROPIC_MODEL}',
  max_tokens: 1000,
  messages: [{ role: 'user', content: '${QUESTION}' }],
  mcp_servers: [
    { type: 'url', url: '{{url}}', name: 'latchkey', authorization_token: process.env.LATCHKEY_TOKEN },
  ],
  tools: [{ type: 'mcp_toolset', mcp_server_name: 'latchkey' }],
  betas: ['${ANTHROPIC_BETA}'],
});
console.log(message.content);`;

const ANTHROPIC_PYTHON = `import os

import anthropic

message = anthropic.Anthropic().beta.messages.create(
    model="${ANTHROPIC_MODEL}",
    max_tokens=1000,
    messages=[{"role": "user", "content": "${QUESTION}"}],
    mcp_servers=[
        {
            "type": "url",
            "url": "{{url}}",
            "name": "latchkey",
            "authorization_token": os.environ["LATCHKEY_TOKEN"],
        }
    ],
    tools=[{"type": "mcp_toolset", "mcp_server_name": "latchkey"}],
    betas=["${ANTHROPIC_BETA}"],
)
print(message.content)`;

// https://platform.openai.com/docs/guides/tools-connectors-mcp
const OPENAI_CURL = `curl -sS https://api.openai.com/v1/responses \\
  -H 'Content-Type: application/json' \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -d @- <<EOF
${jsonTemplate({
  model: 'gpt-4.1',
  input: QUESTION,
  tools: [
    {
      type: 'mcp',
      server_label: 'latchkey',
      server_url: '{{url}}',
      headers: { Authorization: 'Bearer $LATCHKEY_TOKEN' },
      require_approval: 'always',
    },
  ],
})}
EOF`;

const OPENAI_TYPESCRIPT = `import OpenAI from 'openai';

const openai = new OpenAI();
const response = await openai.responses.create({
  model: 'gpt-4.1',
  input: '${QUESTION}',
  tools: [
    {
      type: 'mcp',
      server_label: 'latchkey',
      server_url: '{{url}}',
      headers: { Authorization: \`Bearer \${process.env.LATCHKEY_TOKEN}\` },
      require_approval: 'always',
    },
  ],
});
console.log(response.output_text);`;

const OPENAI_PYTHON = `import os

from openai import OpenAI

response = OpenAI().responses.create(
    model="gpt-4.1",
    input="${QUESTION}",
    tools=[
        {
            "type": "mcp",
            "server_label": "latchkey",
            "server_url": "{{url}}",
            "headers": {"Authorization": f"Bearer {os.environ['LATCHKEY_TOKEN']}"},
            "require_approval": "always",
        }
    ],
)
print(response.output_text)`;

/** Clients that call from their maker's machines. */
export const HOSTED_CLIENTS: readonly Client[] = [
  {
    // https://claude.com/docs/connectors/building/authentication (Supported authentication types)
    name: 'claude-ai',
    title: 'claude.ai connectors',
    snippets: [],
    note: `${NEEDS_OAUTH} From the Claude API a token does: latchkey connect anthropic-api.`,
    remote: true,
  },
  {
    // https://developers.openai.com/api/docs/guides/developer-mode, https://developers.openai.com/apps-sdk/build/auth
    name: 'chatgpt',
    title: 'ChatGPT apps and connectors',
    snippets: [],
    note: `${NEEDS_OAUTH} From the OpenAI API a token does: latchkey connect openai-api.`,
    remote: true,
  },
  {
    name: 'anthropic-api',
    title: 'Claude API (Messages, MCP connector)',
    snippets: [
      { where: 'a shell', format: 'shell', template: ANTHROPIC_CURL },
      { where: 'a TypeScript program with @anthropic-ai/sdk', format: 'typescript', template: ANTHROPIC_TYPESCRIPT },
      { where: 'a Python program with anthropic', format: 'python', template: ANTHROPIC_PYTHON },
    ],
    note: 'Anthropic calls the gateway from its own machines and uses its tools only, no resources or prompts. It sees the token; give it one of its own with few scopes.',
    remote: true,
  },
  {
    name: 'openai-api',
    title: 'OpenAI API (Responses, MCP tool)',
    snippets: [
      { where: 'a shell', format: 'shell', template: OPENAI_CURL },
      { where: 'a TypeScript program with openai', format: 'typescript', template: OPENAI_TYPESCRIPT },
      { where: 'a Python program with openai', format: 'python', template: OPENAI_PYTHON },
    ],
    note: 'OpenAI calls the gateway from its own machines. The headers must be sent with every request, since it does not keep them. It sees the token; give it one of its own with few scopes.',
    remote: true,
  },
];
