import type { Exchange } from './exchange.ts';
import { refuse } from '../core/reason.ts';

/** Ends a long-lived stream as its revision says, so that its reader knows to open another. Leaves other exchanges be. */
export function dismiss(exchange: Exchange): void {
  const { answer, stream, message } = exchange;
  if (answer === null || !stream) return;
  // A subscription has a last word (2026-07-28, Subscriptions), a GET stream has none (2025-11-25, Transports).
  const event =
    message &&
    `{"jsonrpc":"2.0","id":${message.id},"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":${message.id}}}}`;
  answer.conclude(STOPPING, event);
}

/** Ends a call whose time is over: with an error where its caller can still read one, else by cutting it. */
export function giveUp({ answer, message }: Exchange): void {
  answer?.conclude(
    STOPPING,
    `{"jsonrpc":"2.0","id":${message?.id ?? 'null'},"error":{"code":-32603,"message":"This server is stopping. Try again."}}`,
  );
}

const STOPPING = refuse('shutting-down', { retryAfterSeconds: 5 });
