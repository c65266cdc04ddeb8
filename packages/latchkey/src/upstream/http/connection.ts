import type { Socket } from 'node:net';
import type { Reason } from '../../core/reason.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser, type ResponseEvents } from './response-parser.ts';

/** Where the answer to one request goes. Exactly one of `onEnd` and `onFail` comes last, unless it was abandoned. */
export interface Receiver {
  onHead(head: ResponseHead): void;
  /** The bytes may be overwritten after the call. False: no more before `resume`. */
  onBody(bytes: Buffer): boolean;
  onEnd(): void;
  /** `detail` says what happened, in words of the gateway's own. */
  onFail(reason: Reason, detail: string): void;
}

/** Opens a socket that reads into `buffer`, calls `onRead` after each read and stops reading when that returns false. */
export type OpenSocket = (buffer: Buffer, onRead: (bytesRead: number, buffer: Uint8Array) => boolean) => Socket;

/** What a connection tells its pool. */
export interface ConnectionOwner {
  readonly connectTimeoutMs: number;
  onIdle(connection: Connection): void;
  onClosed(connection: Connection): void;
}

const READ_BUFFER = 16 * 1024;
// Up to here copying a body into the string of the head costs less than a second buffer to write.
const JOINED_BODY = 16 * 1024;
/** Servers close what is idle; what is sent at that moment is lost, so this side gives up first. */
const IDLE_MS = 4000;
const IDLE_MARGIN_MS = 1000;

/** One connection to the upstream: one request at a time, then idle until the next. */
export class Connection implements ResponseEvents {
  /** When it is to be closed if it stays idle (`performance.now`). */
  idleUntil = 0;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #receiver: Receiver | null = null;
  #ready = false;
  #unsent: { readonly head: string; readonly body: Buffer | null } | null = null;
  #keepAliveMs = 0;
  #paused = false;
  /** What the system calls that which went wrong with the socket. */
  #fault: string | undefined;

  constructor(open: OpenSocket, readyEvent: 'connect' | 'secureConnect', owner: ConnectionOwner) {
    this.#owner = owner;
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER);
    this.#socket = open(buffer, (bytesRead) => this.#read(buffer.subarray(0, bytesRead)));
    const overdue = setTimeout(() => {
      this.#fault = 'timed out';
      this.#socket.destroy();
    }, owner.connectTimeoutMs);
    this.#socket.once(readyEvent, () => {
      clearTimeout(overdue);
      this.#becomeReady();
    });
    this.#socket.on('end', () => this.#parser.close());
    // The close that follows tells the receiver.
    this.#socket.on('error', ({ code }: NodeJS.ErrnoException) => void (this.#fault = code));
    this.#socket.once('close', () => {
      clearTimeout(overdue);
      owner.onClosed(this);
      const what = this.#ready ? 'the connection broke' : 'no connection';
      this.#fail('upstream-unreachable', this.#fault === undefined ? what : `${what} (${this.#fault})`);
    });
  }

  /** False from the moment that either side has ended it. */
  get usable(): boolean {
    return this.#socket.writable;
  }

  /** `head` is latin1 text that ends with its empty line. Nothing is sent before the server's certificate was checked. */
  send(head: string, body: Buffer | null, receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#ready) this.#write(head, body);
    else this.#unsent = { head, body };
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Closes the connection; its receiver hears nothing more. */
  abandon(): void {
    this.#receiver = null;
    this.#socket.destroy();
  }

  /** Closes the connection; a receiver that still waits hears of it. */
  close(): void {
    this.#socket.destroy();
  }

  onHead(head: ResponseHead): void {
    this.#keepAliveMs = Math.min(head.keepAliveMs - IDLE_MARGIN_MS, IDLE_MS);
    this.#receiver?.onHead(head);
  }

  onBody(bytes: Buffer): void {
    if (this.#receiver?.onBody(bytes) === false) this.#paused = true;
  }

  onEnd(clean: boolean): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    // A server may answer before it has read the request; what is left of that must not be the next one's beginning.
    const reusable = clean && this.#keepAliveMs > 0 && this.#socket.writableLength === 0 && this.usable;
    if (reusable) this.#rest();
    else this.#socket.destroy();
    receiver?.onEnd();
  }

  #rest(): void {
    this.idleUntil = performance.now() + this.#keepAliveMs;
    this.resume();
    this.#owner.onIdle(this);
  }

  #becomeReady(): void {
    this.#ready = true;
    const unsent = this.#unsent;
    this.#unsent = null;
    if (unsent !== null && this.#receiver !== null) this.#write(unsent.head, unsent.body);
  }

  #write(head: string, body: Buffer | null): void {
    this.#parser.expect();
    if (body === null) this.#socket.write(head, 'latin1');
    else if (body.length <= JOINED_BODY) this.#socket.write(head + body.toString('latin1'), 'latin1');
    else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
  }

  #read(bytes: Buffer): boolean {
    if (!this.#socket.destroyed && !this.#parser.read(bytes)) {
      this.#fail('upstream-invalid', 'its answer is not one of HTTP');
      this.#socket.destroy();
    }
    return !this.#paused;
  }

  #fail(reason: Reason, detail: string): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.onFail(reason, detail);
  }
}
