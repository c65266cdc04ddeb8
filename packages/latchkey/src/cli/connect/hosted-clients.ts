import { renderRequest, TOKEN, type ApiRequest } from './api-request.ts';
import type { Client } from './client.ts';

const NO_SERVER_YET =
  'a Latchkey of this version has no authorization server yet, so it cannot be added as a connector.';
const FROM_ELSEWHERE =
  'calls the gateway from its own machines and sees the token: give it one of its own with few scopes.';

const QUESTION = 'Which tools do you have?';

// The later mcp-client-2026-09-15 only adds pinned tool lists.
const ANTHROPIC_BETA = 'mcp-client-2025-11-20';

const ANTHROPIC: ApiRequest = {
  url: 'https://api.anthropic.com/v1/messages',
  headers: [
    '"X-API-Key: $ANTHROPIC_API_KEY"',
    "'anthropic-version: 2023-06-01'",
    `'anthropic-beta: ${ANTHROPIC_BETA}'`,
  ],
  body: {
    model: 'claude-sonnet-5-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content: QUESTION }],
    mcp_servers: [{ type: 'url', url: '{{url}}', name: 'latchkey', authorization_token: TOKEN }],
    tools: [{ type: 'mcp_toolset', mcp_server_name: 'latchkey' }],
  },
  libraryBody: { betas: [ANTHROPIC_BETA] },
  typescript: {
    package: '@anthropic-ai/sdk',
    before: "import Anthropic from '@anthropic-ai/sdk';\n\nconst anthropic = new Anthropic();",
    call: ['const message = await anthropic.beta.messages.create(', ');\nconsole.log(message.content);'],
  },
  python: {
    package: 'anthropic',
    before: 'import os\n\nimport anthropic\n',
    call: ['message = anthropic.Anthropic().beta.messages.create(', ')\nprint(message.content)'],
  },
};

const OPENAI: ApiRequest = {
  url: 'https://api.openai.com/v1/responses',
  headers: ['"Authorization: Bearer $OPENAI_API_KEY"'],
  body: {
    model: 'gpt-5',
    input: QUESTION,
    tools: [
      {
        type: 'mcp',
        server_label: 'latchkey',
        server_url: '{{url}}',
        authorization: TOKEN,
        require_approval: 'always',
      },
    ],
  },
  typescript: {
    package: 'openai',
    before: "import OpenAI from 'openai';\n\nconst openai = new OpenAI();",
    call: ['const response = await openai.responses.create(', ');\nconsole.log(response.output_text);'],
  },
  python: {
    package: 'openai',
    before: 'import os\n\nfrom openai import OpenAI\n',
    call: ['response = OpenAI().responses.create(', ')\nprint(response.output_text)'],
  },
};

/** Clients that call from their maker's machines. Sources of each format: docs/clients.md. */
export const HOSTED_CLIENTS: readonly Client[] = [
  {
    name: 'claude-ai',
    title: 'claude.ai connectors',
    settings: null,
    snippets: [],
    note: `Its connectors sign in by OAuth, and ${NO_SERVER_YET} Only where an organisation has the beta of "Request headers" can an owner set authorization to Bearer and a token; most accounts do not have it, and it was not tried here. From the Claude API a token does: latchkey connect anthropic-api. On your own machine too: latchkey connect claude-code, or claude-desktop.`,
    remote: true,
  },
  {
    name: 'chatgpt',
    title: 'ChatGPT apps and connectors',
    settings: null,
    snippets: [],
    note: `Developer mode adds servers with OAuth or with no sign-in at all, and ${NO_SERVER_YET} From the OpenAI API a token does: latchkey connect openai-api. On your own machine too: latchkey connect codex.`,
    remote: true,
  },
  {
    name: 'anthropic-api',
    title: 'Claude API (Messages, MCP connector)',
    settings: null,
    snippets: renderRequest(ANTHROPIC),
    note: `Anthropic ${FROM_ELSEWHERE} It uses tools only, no resources or prompts.`,
    remote: true,
  },
  {
    name: 'openai-api',
    title: 'OpenAI API (Responses, MCP tool)',
    settings: null,
    snippets: renderRequest(OPENAI),
    note: `OpenAI ${FROM_ELSEWHERE} It keeps no token, so each request must bring it. With require_approval it asks before each call.`,
    remote: true,
  },
];
