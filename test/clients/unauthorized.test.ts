import { SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } from '@modelcontextprotocol/client';
import { UnauthorizedError as UnauthorizedErrorV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway.ts';
import { sdkV1 } from './sdk-v1.ts';
import { sdkV2 } from './sdk-v2.ts';
import type { ConnectOptions, OfficialClient } from './session.ts';
import { upstreams } from './upstreams.ts';

const credentials: readonly { what: string; token?: string }[] = [
  { what: 'no token' },
  { what: 'an unknown token', token: `lk_${'a'.repeat(49)}` },
];

describe.each(upstreams)('the gateway before $name', (upstream) => {
  const gateway = useGateway(upstream);

  const failureOf = (client: OfficialClient, options: ConnectOptions): Promise<unknown> =>
    client.connect(gateway().url, options).then(
      () => 'connected',
      (error: unknown) => error,
    );

  describe.each(credentials)('given $what', ({ token }) => {
    const given = token === undefined ? {} : { token };

    it('makes SDK v1 throw its StreamableHTTPError with status 401', async () => {
      const failure = await failureOf(sdkV1, given);
      expect(failure).toBeInstanceOf(StreamableHTTPError);
      expect(failure).toMatchObject({ code: 401 });
    });

    it('makes SDK v1 throw its UnauthorizedError where a provider gave the token', async () => {
      expect(await failureOf(sdkV1, { ...given, by: 'provider' })).toBeInstanceOf(UnauthorizedErrorV1);
    });

    it.each(sdkV2)('makes $name throw its SdkHttpError with status 401', async (client) => {
      const failure = await failureOf(client, given);
      expect(failure).toBeInstanceOf(SdkHttpError);
      const code =
        client.prefers === 'modern' ? SdkErrorCode.ClientHttpAuthentication : SdkErrorCode.ClientHttpNotImplemented;
      expect(failure).toMatchObject({ status: 401, code });
    });

    it.each(sdkV2)('makes $name throw its UnauthorizedError where a provider gave the token', async (client) => {
      const failure = await failureOf(client, { ...given, by: 'provider' });
      expect(failure).toBeInstanceOf(UnauthorizedError);
      expect(failure).not.toBeInstanceOf(SdkError);
    });
  });
});
