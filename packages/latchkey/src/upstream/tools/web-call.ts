import { STATUS_CODES } from 'node:http';
import type { DeclaredTool, HttpAction, ToolResult } from '../../core/declared-tool.ts';
import { LONGEST_TIMER_MS } from '../../core/units.ts';
import { extract } from './extract.ts';
import { AddressRefused, createLookup, type Resolve } from './lookup.ts';
import { toCollectedBytes, toOutput, type OutputLimits } from './output.ts';
import type { Request } from './request.ts';
import { send, SendError, type Response } from './send.ts';

export interface WebContext {
  readonly limits: OutputLimits;
  readonly resolve: Resolve;
  readonly signal: AbortSignal;
}

/** Sends a tool's request and says what came back. The time-out is of everything, name look-up and redirects too. */
export async function callWeb(
  tool: DeclaredTool,
  action: HttpAction,
  request: Request,
  context: WebContext,
): Promise<ToolResult> {
  const timeout = AbortSignal.timeout(Math.min(tool.timeoutMs, LONGEST_TIMER_MS));
  const signal = AbortSignal.any([context.signal, timeout]);
  try {
    const options = {
      lookup: createLookup(context.resolve),
      signal,
      maxBodyBytes: toCollectedBytes(context.limits),
    };
    return toResult(action, await send(request, options), context.limits);
  } catch (error) {
    const why = context.signal.aborted
      ? 'The call was cancelled.'
      : timeout.aborted
        ? `The request was ended: it took longer than ${tool.timeoutMs / 1000} s.`
        : `The request to ${action.origin} failed: ${toReason(error)}.`;
    return { text: context.limits.redactor.redact(why), isError: true };
  }
}

function toResult({ extract: path }: HttpAction, { status, body }: Response, limits: OutputLimits): ToolResult {
  if (status >= 400) {
    const line = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
    const output = toOutput([body], limits);
    return { text: output === '' ? line : `${line}\n\n${output}`, isError: true };
  }
  if (path === null) return { text: toOutput([body], limits), isError: false };
  if (body.cut || body.bytes.length > limits.maxBytes)
    return {
      text: `The answer is longer than ${limits.maxBytes} bytes, too long to take a part of it.`,
      isError: true,
    };
  const found = extract(body.bytes.toString('utf8'), path);
  if ('problem' in found) {
    const text = limits.redactor.redact(`Nothing could be taken from the answer: ${found.problem}.`);
    return { text, isError: true };
  }
  return { text: toOutput([{ bytes: Buffer.from(found.text), cut: false }], limits), isError: false };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the server closed the connection',
  EAI_AGAIN: 'its name cannot be looked up now',
  ENOTFOUND: 'its name is unknown',
  ETIMEDOUT: 'the server does not answer',
};

function toReason(error: unknown): string {
  if (error instanceof SendError) return error.message;
  if (error instanceof AddressRefused)
    return `${error.message} stands for a private address, which a tool reaches only where its URL holds the address itself`;
  const { code } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? `${code ?? 'the connection broke'}`;
}
