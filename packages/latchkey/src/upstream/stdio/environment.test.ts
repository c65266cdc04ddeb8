import { describe, expect, it } from 'vitest';
import { createEnvironment } from './environment.ts';

describe('createEnvironment', () => {
  it('lets through what programs need to start, and nothing else', () => {
    const own = {
      PATH: '/bin',
      HOME: '/home/a',
      LANG: 'C',
      LC_ALL: 'C',
      XDG_CACHE_HOME: '/c',
      XDG_SESSION_ID: '1',
      npm_config_registry: 'https://registry.example/',
      npm_config_cache: '/cache',
      npm_config__auth: 'secret',
      'npm_config_//registry.example/:_authToken': 'secret',
      NPM_CONFIG_TOKEN: 'secret',
      npm_config_https_proxy: 'http://user:secret@proxy.example/',
      NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
      SSL_CERT_DIR: '/etc/certs',
      https_proxy: 'http://proxy.example:3128',
      NO_PROXY: 'localhost',
      HTTP_PROXY: 'http://user:secret@proxy.example/',
      all_proxy: 'user:secret@proxy.example',
      MCP_AUTH_TOKENS: 'secret',
      LATCHKEY_STORE: 'secret',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_OPTIONS: '--require x',
      SHELL: '() { echo; }',
    };
    const environment = createEnvironment(own, { API_KEY: 'given' }, 'linux');
    expect(Object.keys(environment).sort()).toEqual([
      'API_KEY',
      'HOME',
      'LANG',
      'LC_ALL',
      'NODE_EXTRA_CA_CERTS',
      'NO_PROXY',
      'PATH',
      'SSL_CERT_DIR',
      'XDG_CACHE_HOME',
      'https_proxy',
      'npm_config_cache',
      'npm_config_registry',
    ]);
    expect(JSON.stringify(environment)).not.toContain('secret');
  });

  it('prefers what the operator configured', () => {
    expect(createEnvironment({ HOME: '/a' }, { HOME: '/b' }, 'linux')).toEqual({ HOME: '/b' });
  });

  it('knows the names of Windows in any case', () => {
    expect(createEnvironment({ Path: 'C:', SystemRoot: 'C:', SECRET: 'x' }, {}, 'win32')).toEqual({
      Path: 'C:',
      SystemRoot: 'C:',
    });
  });
});
