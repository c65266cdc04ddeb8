// Made with the first request: some runtimes have nothing random before (Cloudflare Workers).
let mark = '';
let requests = 0;

/** Another one for each request, also of another process. */
export function nextRequestId(): string {
  if (mark === '') mark = crypto.randomUUID().slice(0, 8);
  requests += 1;
  return `${mark}-${requests}`;
}
