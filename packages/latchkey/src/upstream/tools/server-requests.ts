import type { DeclaredTools } from '../../core/declared-tool.ts';
import type { Message } from '../../core/message.ts';
import type { Era, Protocol } from '../../core/revision.ts';
import { toError, toResult } from '../stdio/json.ts';
import type { Reply } from '../stdio/reply.ts';
import { prepareAnswers, type ToInputSchema, type ToolAnswers } from './server-answers.ts';
import { readArguments } from './server-arguments.ts';
import type { Cancel, Outcome, ToolCalls } from './server-calls.ts';

const INEXACT = {
  text: 'A number in the arguments has more digits than can be kept, or is too large. Give it shorter, or as text where the tool takes text.',
  isError: true,
};

/** Answers what either era asks of the tools, with the set of tools that is in force at that moment. */
export class ToolRequests {
  readonly #toInputSchema: ToInputSchema;
  readonly #protocol: Protocol;
  readonly #calls: ToolCalls;
  #answers: ToolAnswers;

  constructor(
    tools: DeclaredTools,
    options: { readonly toInputSchema: ToInputSchema; readonly protocol: Protocol; readonly calls: ToolCalls },
  ) {
    this.#toInputSchema = options.toInputSchema;
    this.#protocol = options.protocol;
    this.#calls = options.calls;
    this.#answers = prepareAnswers(tools, options.toInputSchema, options.protocol);
  }

  /** Puts another set in force; what runs goes on as it began. */
  replace(tools: DeclaredTools): void {
    this.#answers = prepareAnswers(tools, this.#toInputSchema, this.#protocol);
  }

  discover(reply: Reply): void {
    reply.finish(toResult(reply.id, this.#answers.discovery));
  }

  initialize(reply: Reply, asked: unknown, sessionId: string): void {
    reply.finish(toResult(reply.id, this.#answers.initialization(asked)), 200, ['mcp-session-id', sessionId]);
  }

  /** Any other request. Gives what cancels it, where it is a call that runs; `onEnd` tells that it ended by itself. */
  answer(era: Era, message: Message, reply: Reply, onEnd: () => void): Cancel | null {
    if (message.method === 'tools/call') return this.#call(era, message, reply, onEnd);
    if (message.method === 'tools/list') this.#list(era, message, reply);
    // MCP 2026-07-28 streamable-http §Protocol Version Header; to a session 404 would mean that it is over.
    else reply.finish(toError(reply.id, -32601, 'Method not found'), era === 'modern' ? 404 : 200);
    return null;
  }

  #list(era: Era, message: Message, reply: Reply): void {
    // All tools are on one page, so no cursor was ever given out.
    if (message.cursor !== null) reply.finish(toError(reply.id, -32602, 'Unknown cursor'));
    else reply.finish(toResult(reply.id, this.#answers.list[era]));
  }

  #call(era: Era, message: Message, reply: Reply, onEnd: () => void): Cancel | null {
    const answers = this.#answers;
    const tool = answers.tools.get(message.name ?? '');
    if (tool === undefined) {
      reply.finish(toUnknownTool(reply.id));
      return null;
    }
    const args = readArguments(message);
    if (args === undefined) {
      reply.finish(toResult(reply.id, answers.outcome(era, INEXACT)));
      return null;
    }
    return this.#calls.begin(tool, args, (outcome: Outcome) => {
      onEnd();
      if (outcome.kind === 'lost') reply.fail(outcome.loss.refusal, outcome.loss.text);
      else reply.finish(toResult(reply.id, answers.outcome(era, outcome.result)));
    });
  }
}

/** To the letter what the gateway says of a hidden tool, so that nobody can tell one from a tool that is not there. */
function toUnknownTool(id: string): Buffer {
  const error = '{"code":-32602,"message":"Unknown tool, prompt or resource.","data":{}}';
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${error}}`);
}
