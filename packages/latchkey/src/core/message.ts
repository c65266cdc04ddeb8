/** Byte range in a message: [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * One JSON-RPC message as the strict scanner read it. Text members are decoded; ranges point into `bytes`, so a reader
 * that needs more than what was judged takes it from the same bytes.
 */
export interface Message {
  readonly bytes: Uint8Array;
  readonly kind: 'request' | 'notification' | 'response';
  /** Empty for a response. */
  readonly method: string;
  /** The id's exact JSON text (`1`, `"a"`); null for a notification. */
  readonly id: string | null;
  readonly idRange: Range | null;
  readonly params: Range | null;
  /** `params.name` (tools, prompts). */
  readonly name: string | null;
  /** `params.uri` (resources). */
  readonly uri: string | null;
  /** `params.taskId` (tasks extension). */
  readonly taskId: string | null;
  /** `params.arguments`, an object. */
  readonly args: Range | null;
  /** True when programs read the keys of one object in `arguments` in several ways: no condition judges such arguments. */
  readonly argsAmbiguous: boolean;
  /** `params.cursor` of a list, where it is a string; its quotes are in the range. */
  readonly cursor: Range | null;
  /** `params.ref` of completion/complete: a prompt's name or a resource's URI (template). */
  readonly ref: { readonly type: string; readonly name: string | null; readonly uri: string | null } | null;
  /** `params.notifications.resourceSubscriptions` of subscriptions/listen. */
  readonly resourceSubscriptions: readonly string[];
  readonly meta: Range | null;
  /** `_meta["io.modelcontextprotocol/protocolVersion"]`; null when absent. */
  readonly protocolVersion: string | null;
  /** `_meta["io.modelcontextprotocol/clientCapabilities"]`; null when absent or not an object. */
  readonly clientCapabilities: Range | null;
  readonly progressToken: Range | null;
  /** `params.requestId` of notifications/cancelled, exact JSON text. */
  readonly cancels: string | null;
}
