import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';

/** Answers of a known length up to this are sent with one write; longer and unknown ones are streamed. */
const WHOLE_BYTES = 16_384;

/** Hands the upstream's answer to the client: undici's raw handler, with backpressure and aborts. */
export class BareExchange implements Dispatcher.DispatchHandler {
  readonly response: ServerResponse;
  controller: Dispatcher.DispatchController | null = null;
  whole = false;
  body: Buffer | null = null;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.response.on('close', () => {
      if (!this.response.writableFinished) controller.abort(new Error('client left'));
    });
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[]>): void {
    delete headers['connection'];
    delete headers['keep-alive'];
    delete headers['transfer-encoding'];
    this.response.writeHead(status, headers);
    this.whole = Number(headers['content-length'] ?? Infinity) <= WHOLE_BYTES;
    if (this.whole) return;
    this.response.flushHeaders();
    this.response.on('drain', () => this.controller?.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.whole) this.body = this.body === null ? chunk : Buffer.concat([this.body, chunk]);
    else if (!this.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.body === null) this.response.end();
    else this.response.end(this.body);
  }

  onResponseError(): void {
    if (this.response.headersSent) this.response.destroy();
    else this.response.writeHead(502, { 'Content-Length': 0 }).end();
  }
}
