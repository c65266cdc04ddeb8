import type { IssuerPreset } from '../preset.ts';

/** Descope, an MCP server of its Agentic Identity Hub. */
export const descope: IssuerPreset = {
  title: 'Descope',
  remark: 'an MCP server of the Agentic Identity Hub with its MCP Server URL set',
  example: 'https://api.descope.com/v1/apps/agentic/PROJECT/SERVER',
  algorithms: ['RS256'],
  types: ['at+jwt', 'JWT', 'none'],
  // The client and the project may be among them.
  foreignAudiences: true,
  scopeClaims: ['scope'],
};
