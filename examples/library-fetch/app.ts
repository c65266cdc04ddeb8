import { createLatchkey, jwt, latchkey } from 'latchkey/fetch';

/** A web-standard handler behind a lock that takes an issuer's tokens: nothing of it needs Node. */
export function createApp(resource: string, issuer: string): (request: Request) => Promise<Response> {
  const lock = createLatchkey({ resource, verifiers: [jwt({ issuer })] });
  const { metadata, protect } = latchkey(lock);
  const readMetadata = metadata();

  const report = protect({ scopes: ['report:read'] }, (_request, { principal }) =>
    Response.json({ report: 'All is well.', for: principal.subject }),
  );
  return async (request) => readMetadata(request) ?? report(request);
}
