import type { DeclaredTool, DeclaredTools, ToolResult } from '../../core/declared-tool.ts';
import { revisionsOf, streamableOf, type Era, type Protocol } from '../../core/revision.ts';

/** The JSON Schema of a tool's arguments, as `tools/list` shows it. */
export type ToInputSchema = (tool: DeclaredTool) => object;

/** What a set of tools answers, spelt once when it comes into force: each text is the JSON of a `result`. */
export interface ToolAnswers {
  readonly tools: ReadonlyMap<string, DeclaredTool>;
  /** `server/discover` */
  readonly discovery: string;
  /** `tools/list`, one page */
  readonly list: Readonly<Record<Era, string>>;
  /** `initialize`, for a client that asked for this revision */
  initialization(asked: unknown): string;
  /** `tools/call` */
  outcome(era: Era, result: ToolResult): string;
}

const LEGACY = revisionsOf('legacy');
const CAPABILITIES = { tools: { listChanged: true } };

export function prepareAnswers(declared: DeclaredTools, toInputSchema: ToInputSchema, protocol: Protocol): ToolAnswers {
  const { name, version, description } = declared;
  const serverInfo = { name, version, ...(description === null ? {} : { description }) };
  const meta = `"_meta":${JSON.stringify({ 'io.modelcontextprotocol/serverInfo': serverInfo })}`;
  // Nothing is kept by clients: a file that is being written changes often, and a list is cheap.
  const modern = `"resultType":"complete","ttlMs":0,"cacheScope":"private",${meta}`;
  const tools = `"tools":${JSON.stringify(declared.tools.map((tool) => toDefinition(tool, toInputSchema)))}`;
  const greeting = JSON.stringify({ capabilities: CAPABILITIES, serverInfo }).slice(1);
  return {
    tools: new Map(declared.tools.map((tool) => [tool.name, tool])),
    discovery: `{${modern},"capabilities":${JSON.stringify(CAPABILITIES)},"supportedVersions":${toVersions(protocol)}}`,
    list: { modern: `{${tools},${modern}}`, legacy: `{${tools}}` },
    initialization(asked) {
      const revision = LEGACY.find((known) => known === asked) ?? LEGACY[0];
      return `{"protocolVersion":"${revision}",${greeting}`;
    },
    outcome(era, { text, isError }) {
      const members = `"content":[{"type":"text","text":${JSON.stringify(text)}}],"isError":${isError}`;
      return era === 'modern' ? `{"resultType":"complete",${members},${meta}}` : `{${members}}`;
    },
  };
}

function toDefinition(tool: DeclaredTool, toInputSchema: ToInputSchema): object {
  return { name: tool.name, description: tool.description, inputSchema: toInputSchema(tool) };
}

function toVersions(protocol: Protocol): string {
  return JSON.stringify(streamableOf(protocol));
}
