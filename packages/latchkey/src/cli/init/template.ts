import { version } from '../../compose-version.ts';

export type Answers = ({ readonly command: readonly string[] } | { readonly url: string }) & {
  readonly rules: boolean;
};

/** The text of a commented configuration file. JSON is YAML, so values are written as JSON. */
export function writeTemplate(answers: Answers): string {
  return `# yaml-language-server: $schema=https://unpkg.com/latchkey@${version}/latchkey.schema.json
# Latchkey's configuration. Every key: docs/config.md, or \`latchkey config show\`.

# The MCP server to protect.
${upstreamOf(answers)}

# Where clients reach it. Beyond this machine it also takes publicUrl, and tls or behindProxy.
listen: 127.0.0.1:8787
# publicUrl: https://mcp.example.com

${answers.rules ? RULES : NO_RULES}
# Limits, all with defaults; these are two of them.
# limits: { callsPerCredential: 6000/min, bodyBytes: 1MiB }
`;
}

function upstreamOf(answers: Answers): string {
  if ('url' in answers) {
    const headers = `  # headers: { Authorization: { env: UPSTREAM_AUTH } }`;
    const clear = answers.url.startsWith('http:') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(answers.url);
    const tls = clear
      ? '\n  # The network to it is mine: plain http may leave this machine.\n  tls: { insecure: true }'
      : '';
    return `upstream:\n  url: ${JSON.stringify(answers.url)}\n  # Its own credential; that of the client never goes there.\n${headers}${tls}`;
  }
  const words = answers.command.map((word) => JSON.stringify(word)).join(', ');
  return `upstream:\n  command: [${words}]\n  # Its environment; secrets come from variables or files.\n  # env: { API_KEY: { env: API_KEY } }`;
}

const RULES = `# Who may use what. The first glob that matches holds, an exact name beats globs, and what has no rule is denied.
tools:
  # Reading needs the scope read.
  get_*: { scopes: [read] }
  list_*: { scopes: [read] }
  read_*: { scopes: [read] }
  # Everything else needs the scope write.
  "*": { scopes: [write] }
  # More that a rule can say:
  #   delete_*: { deny: true }                                  refused for everyone
  #   debug: { hidden: true }                                   not even listed
  #   write_file: { scopes: [write], when: 'args.path.startsWith("/data/")', limit: 10/min }
resources:
  "*": { scopes: [read] }
prompts:
  "*": {}

# The holder of write may read too.
scopes:
  write: { implies: [read] }
`;

const NO_RULES = `# No rules: a credential with every scope may use everything. Once there is one, what has no rule is denied:
# tools:
#   read_*: { scopes: [read] }
#   write_file: { scopes: [write], when: 'args.path.startsWith("/data/")' }
`;
