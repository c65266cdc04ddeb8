import { describe, expect, it } from 'vitest';
import { OutgoingError, type OutgoingAnswer } from '../../core/outgoing.ts';
import { findIssuers, mayBeAsked } from './resource-metadata.ts';

const URL_OF = 'https://inner.example/mcp';
const AT = 'https://inner.example/.well-known/oauth-protected-resource/mcp';
const METADATA = { resource: URL_OF, authorization_servers: ['https://as.example'] };

/** What is found where the upstream answers like this; `asked` are the requests. */
async function find(answers: Readonly<Record<string, Partial<OutgoingAnswer> | OutgoingError>>, url = URL_OF) {
  const asked: string[] = [];
  const found = await findIssuers({
    url: new URL(url),
    resource: url,
    outgoing: ({ method, url: at }) => {
      asked.push(`${method} ${at}`);
      const answer = answers[at] ?? { status: 404 };
      return answer instanceof OutgoingError
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answer });
    },
  });
  return { found, asked };
}

const challenge = (text: string) => ({ status: 401, headers: { 'www-authenticate': text } });

describe('findIssuers', () => {
  it('follows the challenge of the upstream, among others and whatever stands around it', async () => {
    for (const text of [
      `Bearer resource_metadata="${AT}"`,
      `Basic realm="x", Bearer scope="a", resource_metadata="${AT}"`,
    ]) {
      const { found, asked } = await find({ [URL_OF]: challenge(text), [AT]: { body: JSON.stringify(METADATA) } });
      expect(found).toEqual(['https://as.example']);
      expect(asked).toEqual([`POST ${URL_OF}`, `GET ${AT}`]);
    }
  });

  it('looks at both well-known places where there is no challenge', async () => {
    const root = 'https://inner.example/.well-known/oauth-protected-resource';
    expect((await find({ [URL_OF]: { status: 405 } })).asked).toEqual([`POST ${URL_OF}`, `GET ${AT}`, `GET ${root}`]);
    const { found } = await find({ [URL_OF]: { status: 401 }, [root]: { body: JSON.stringify(METADATA) } });
    expect(found).toEqual(['https://as.example']);
    expect((await find({}, 'https://inner.example/')).asked).toEqual(['POST https://inner.example/', `GET ${root}`]);
  });

  it('takes metadata of the upstream itself only', async () => {
    for (const place of ['https://as.example/x', 'https://inner.example.evil/x', 'http://inner.example/x', '/x', '']) {
      const { found, asked } = await find({ [URL_OF]: challenge(`Bearer resource_metadata="${place}"`) });
      expect(found).toMatchObject({ reason: 'upstream-invalid' });
      expect(asked).toHaveLength(1);
    }
  });

  it('refuses metadata with a resource twice, and those that are no object', async () => {
    const twice = `{"resource":"https://evil.example","resource":"${URL_OF}","authorization_servers":["https://as.example"]}`;
    for (const body of [twice, '[]', 'null', 'x', JSON.stringify({ ...METADATA, resource: 'https://inner.example/' })])
      expect((await find({ [AT]: { body } })).found).toMatchObject({ reason: 'upstream-invalid' });
  });

  it('says that the upstream cannot be reached where it cannot be', async () => {
    const gone = new OutgoingError('inner.example: ECONNREFUSED');
    expect((await find({ [URL_OF]: gone })).found).toMatchObject({ reason: 'issuer-unavailable' });
    expect((await find({ [AT]: { status: 503 } })).found).toMatchObject({ reason: 'issuer-unavailable' });
  });
});

describe('mayBeAsked', () => {
  it('lets no server elsewhere have what listens on this machine asked', () => {
    const [far, near] = [new URL(URL_OF), new URL('http://localhost:1/mcp')];
    for (const place of ['http://127.0.0.1:9/', 'https://localhost/', 'http://[::1]/', 'http://127.9.9.9'])
      expect([mayBeAsked(place, far), mayBeAsked(place, near)]).toEqual([false, true]);
    for (const place of ['https://as.example', 'https://as.example/tenant'])
      expect([mayBeAsked(place, far), mayBeAsked(place, near)]).toEqual([true, true]);
    expect(mayBeAsked('http://as.example', near)).toBe(false);
  });
});
