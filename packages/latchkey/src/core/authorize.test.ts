import { describe, expect, it } from 'vitest';
import { toRule } from '../../../../test/fixtures/rule.ts';
import { authorize, mayRead } from './authorize.ts';
import { createPolicy } from './create-policy.ts';
import type { Message } from './message.ts';
import { parseMessage } from './parse-message.ts';
import type { Rule } from './policy.ts';
import { createAnonymous } from './principal.ts';
import { FOLD_URI } from './resource-uri.ts';
import type { Era } from './revision.ts';

const policyOf = (more: Partial<Parameters<typeof createPolicy>[0]>) =>
  createPolicy(
    { tools: [], resources: [], prompts: [], methods: [], implies: new Map(), list: 'callable', ...more },
    FOLD_URI,
  );
const who = (...scopes: string[]) => createAnonymous(scopes);

function message(method: string, params?: unknown): Message {
  const parsed = parseMessage(
    Buffer.from(
      JSON.stringify({ jsonrpc: '2.0', id: method.startsWith('notifications/') ? undefined : 1, method, params }),
    ),
  );
  if (parsed.kind !== 'message') throw new Error(`refused: ${parsed.refusal.reason}`);
  return parsed.message;
}

const call = (name: string, args?: unknown) => message('tools/call', { name, arguments: args });
const read = (uri: string) => message('resources/read', { uri });
const listen = (...uris: string[]) =>
  message('subscriptions/listen', { notifications: { resourceSubscriptions: uris } });

function judge(
  policy: ReturnType<typeof policyOf>,
  principal: ReturnType<typeof who>,
  sent: Message,
  era: Era = 'legacy',
) {
  const judgement = authorize(policy, principal, sent, era);
  return judgement.kind === 'allow' ? 'allow' : judgement.reason;
}

function needed(policy: ReturnType<typeof policyOf>, principal: ReturnType<typeof who>, sent: Message) {
  const judgement = authorize(policy, principal, sent, 'legacy');
  return judgement.kind === 'deny' ? [judgement.reason, ...judgement.scopes] : 'allow';
}

const many = (count: number) => listen(...Array.from({ length: count }, (_, i) => `a://${i}`));

const shown = (sent: Message, ...more: Parameters<typeof policyOf>) => {
  const judgement = authorize(policyOf(...more), who('own'), sent, 'legacy');
  if (judgement.kind === 'allow' || judgement.shown === undefined) return judgement;
  expect(judgement).toMatchObject({ reason: 'policy-hidden', scopes: [] });
  return judgement.shown;
};

const limited = (pattern: string) => toRule(pattern, { limit: { count: 1, periodMs: 1000 } });

describe('authorize', () => {
  it('without rules lets only the holder of every scope act', () => {
    const open = policyOf({});
    for (const sent of [call('a'), read('a://b'), message('prompts/get', { name: 'p' })]) {
      expect(judge(open, who('*'), sent)).toBe('allow');
      expect(judge(open, who('file:read'), sent)).toBe('policy-no-rule');
    }
    expect(judge(open, who(), message('tools/list'))).toBe('allow');
  });

  it('denies what has no rule once any rule exists', () => {
    const policy = policyOf({ prompts: [toRule('*')] });
    expect(judge(policy, who('*'), call('a'))).toBe('policy-no-rule');
    expect(judge(policy, who(), message('prompts/get', { name: 'p' }))).toBe('allow');
  });

  it('takes no other spelling for a name', () => {
    const policy = policyOf({ tools: [toRule('echo'), toRule('caf\u00E9')] });
    expect(judge(policy, who('*'), call('echo'))).toBe('allow');
    for (const name of [
      'echo ',
      'Echo',
      'echo\u200B',
      'cafe\u0301',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
    ]) {
      expect(judge(policy, who('*'), call(name))).toBe('policy-no-rule');
    }
  });

  it('lets an exact rule beat a glob, and the first glob beat the next', () => {
    const policy = policyOf({
      tools: [toRule('read_*', { deny: true }), toRule('*', { scopes: ['s'] }), toRule('read_file')],
    });
    expect(judge(policy, who(), call('read_file'))).toBe('allow');
    expect(judge(policy, who('*'), call('read_dir'))).toBe('policy-denied');
    expect(judge(policy, who(), call('write'))).toBe('policy-scope');
  });

  it('names every scope of the rule, held or not, and no other', () => {
    const policy = policyOf({ tools: [toRule('t', { scopes: ['a', 'b'] }), toRule('u', { scopes: ['c'] })] });
    expect(needed(policy, who('a'), call('t'))).toEqual(['policy-scope', 'a', 'b']);
    expect(needed(policy, who('a', 'b'), call('t'))).toBe('allow');
    const denied = policyOf({ tools: [toRule('t', { scopes: ['a'], deny: true })] });
    expect(needed(denied, who(), call('t'))).toEqual(['policy-denied']);
  });

  it('tells of changes of a resource whoever may read it, by conditions too', () => {
    const when: Rule['when'] = {
      source: '',
      test: ({ args, target }) => target === 'a://1' && JSON.stringify(args) === '{}',
    };
    const policy = policyOf({ resources: [toRule('a://*', { when })] });
    expect([mayRead(policy, who(), 'a://1'), mayRead(policy, who(), 'a://2')]).toEqual([true, false]);
  });

  it('follows implied scopes to the end, also in a circle', () => {
    const implies = new Map([
      ['admin', ['write']],
      ['write', ['read', 'admin']],
    ]);
    const policy = policyOf({ tools: [toRule('t', { scopes: ['read'] })], implies });
    expect(judge(policy, who('admin'), call('t'))).toBe('allow');
    expect(judge(policy, who('read'), call('t'))).toBe('allow');
    expect(
      judge(
        policyOf({ tools: [toRule('t', { scopes: ['write'] })], implies: new Map([['write', ['read']]]) }),
        who('read'),
        call('t'),
      ),
    ).toBe('policy-scope');
  });

  it('lets the holder of every scope past scopes only', () => {
    const when = { source: 'false', test: () => false };
    const policy = policyOf({
      tools: [
        toRule('s', { scopes: ['x'] }),
        toRule('d', { deny: true }),
        toRule('h', { hidden: true }),
        toRule('w', { when }),
      ],
    });
    expect(['s', 'd', 'h', 'w'].map((name) => judge(policy, who('*'), call(name)))).toEqual([
      'allow',
      'policy-denied',
      'policy-hidden',
      'policy-condition',
    ]);
  });

  it('asks the condition after the scopes, with exact arguments, and takes a throw for no', () => {
    const seen: unknown[] = [];
    const when = {
      source: '',
      test: (input: { args: unknown }) => {
        seen.push(input.args);
        if (seen.length > 1) throw new Error('no');
        return true;
      },
    };
    const policy = policyOf({ tools: [toRule('t', { scopes: ['s'], when })] });
    expect(judge(policy, who(), call('t', { n: 1 }))).toBe('policy-scope');
    expect(seen).toEqual([]);
    expect(judge(policy, who('s'), call('t', { n: 1 }))).toBe('allow');
    expect(seen).toEqual([new Map([['n', 1n]])]);
    expect(judge(policy, who('s'), call('t'))).toBe('policy-condition');
  });

  it('does not ask a condition about arguments that differ only by case', () => {
    const policy = policyOf({ tools: [toRule('t', { when: { source: 'true', test: () => true } })] });
    expect(judge(policy, who(), call('t', { path: 1 }))).toBe('allow');
    expect(judge(policy, who(), call('t', { path: 1, Path: 2 }))).toBe('policy-condition');
  });

  it('judges a URI that reads in two ways by exact rules only', () => {
    const policy = policyOf({ resources: [toRule('file:///data/*'), toRule('file:///data/../x')] });
    expect(judge(policy, who('*'), read('file:///data/a'))).toBe('allow');
    for (const uri of ['file:///data/../etc', 'file:///data/%2e%2e/etc', 'file:///data/a%2Fb', 'file:///data/a\\b']) {
      expect(judge(policy, who('*'), read(uri))).toBe('policy-no-rule');
    }
    expect(judge(policy, who('*'), read('file:///data/../x'))).toBe('allow');
  });

  it('gives a URI no rule when another spelling of it has another', () => {
    const policy = policyOf({
      resources: [toRule('a://x y', { deny: true }), toRule('a://s%20*', { hidden: true }), toRule('a://*')],
    });
    expect(judge(policy, who(), read('a://x%20y'))).toBe('policy-no-rule');
    expect(judge(policy, who(), read('a://s t'))).toBe('policy-hidden');
    expect(judge(policy, who(), read('a://x%20z'))).toBe('allow');
    expect(judge(policy, who(), read('a://caf\u00E9'))).toBe('allow');
    const half = policyOf({ resources: [toRule('a://x%2*', { deny: true }), toRule('a://*')] });
    expect([judge(half, who(), read('a://x y')), judge(half, who(), read('a://xy'))]).toEqual([
      'policy-no-rule',
      'allow',
    ]);
    const closed = policyOf({ resources: [toRule('file:///*b.', { deny: true }), toRule('file:///*')] });
    expect(judge(closed, who(), read('file:///B.'))).toBe('policy-no-rule');
  });

  it('lets no glob judge another spelling of what an exact rule judges', () => {
    const file = 'file:///data/secret.txt';
    const policy = policyOf({
      resources: [
        ...[file, 'https://api.example/secret', 'file:///data/caf\u00E9.txt', 'db://main/users'].map((uri) =>
          toRule(uri, { deny: true }),
        ),
        ...['HTTPS://API.example:443/other/', 'file:///data/x%20y', 'db://u@main:1/t'].map((uri) => toRule(uri)),
        ...['file:///data/*', 'http*', 'db://*'].map((uri) => toRule(uri)),
      ],
    });
    const near = [
      ...['/', '.', '%20', ' ', ';', ';x', '?', '::$DATA', '\u00AD', '/;'].map((end) => `${file}${end}`),

      'SECRET.txt',
      'secret.TXT',
      'sec\u00ADret.txt',
      'sec%C2%ADret.txt',
      '\uFF53ecret.txt',
      '%F0%9D%90%AC%65cret.txt',
      'file://localhost/data/secret.txt',
      'file:/data/secret.txt',
      'file:data/secret.txt',
      'cafe\u0301.txt',
      'cafe%CC%81.txt',
      'caf%C3%A9.txt',
      'CAF\u00C9.txt',
      'x y',
      'x%2520y',
      'X%20Y',
      ...[':443/secret', ':/secret', './secret', '/Secret', '/secret/', '/secret?', '/secret;a', '/other'].map(
        (rest) => `https://api.example${rest}`,
      ),
      ...[
        'u@api.example',
        '@api.example',
        'u:p@api.example',
        'api\u3002example',
        '\uFF41pi.example',
        'a\u00ADpi.example',
      ].map((host) => `https://${host}/secret`),
      'https:/api.example/secret',
      'https:api.example/secret',
      'https:///api.example/secret',
      'db://u@main/users',
      'db://main:/users',
      'db://main:5432/users',
      'db://MAIN/users',
      'db://main./users/',
      'db://main/t',
      'db://main:2/t',
    ].map((uri) => (uri.includes(':') ? uri : `file:///data/${uri}`));
    for (const uri of near) {
      expect([uri, judge(policy, who('*'), read(uri))]).toEqual([uri, 'policy-no-rule']);
      expect([uri, judge(policy, who('*'), listen(uri))]).toEqual([uri, 'policy-no-rule']);
      const ref = message('completion/complete', {
        ref: { type: 'ref/resource', uri },
        argument: { name: 'a', value: '' },
      });
      expect([uri, judge(policy, who('*'), ref)]).toEqual([uri, 'policy-no-rule']);
      expect([uri, mayRead(policy, who('*'), uri)]).toEqual([uri, false]);
    }
    const other = [
      'file:///data/secret.txt2',
      'file:///data/Notes/x%20z',
      'https://api.example:8443/x?a=b/',
      'db://u@main/y',
    ];
    for (const uri of [...other, 'https://api.example/', 'file:///data/', 'file:///data/caf\u00E9'])
      expect([uri, judge(policy, who(), read(uri))]).toEqual([uri, 'allow']);
  });

  it('lets no glob judge what another glob judges in another spelling', () => {
    const policy = policyOf({
      resources: [
        ...['http://internal/*', 'file:///data/key/*', 'file:///data/*.pem', 'note://Caf\u00E9/*', 'db://main/*'].map(
          (uri) => toRule(uri, { deny: true }),
        ),
        toRule('*'),
      ],
    });
    const near = [
      'http://internal',
      'http://internal?x',
      'http://internal:80/x',
      'http://INTERNAL/x',
      'http://internal./x',
      'http://0x7f.1/',
      'http://127.1/',
      'http://internal%2e/x',
      'http:internal/x',
      'http:/internal/x',
      'file:///data/key',
      'file:///data/KEY/a',
      'file:///data/key;a/b',
      'file://other/data/key/a',
      'file:/data/key/a',
      'file:///data/a.pem/',
      'file:///data/a.pem.',
      'file:///data/a.PEM',
      'note://cafe\u0301/a',
      'note://caf\u00E9/a',
      'db://u@main/a',
      'db://main:1/a',
      'db://main',
      'db://Main/a',
      'db://main./a',
    ];
    for (const uri of near) expect([uri, judge(policy, who('*'), read(uri))]).toEqual([uri, 'policy-no-rule']);
    for (const uri of [
      'http://internal2/x',
      'http://127.0.0.1/',
      'file:///data/keys',
      'note:Todo',
      'https://a.example',
    ])
      expect([uri, judge(policy, who(), read(uri))]).toEqual([uri, 'allow']);
  });

  it('judges subscriptions and completions as what they are about', () => {
    const policy = policyOf({
      resources: [
        toRule('a://*', { scopes: ['a'] }),
        toRule('b://*', { scopes: ['b'] }),
        toRule('h://*', { hidden: true }),
      ],
      prompts: [toRule('p', { scopes: ['p'] })],
    });
    expect(judge(policy, who('a'), message('resources/subscribe', { uri: 'a://1' }))).toBe('allow');
    expect(needed(policy, who('a'), listen('a://1', 'b://1'))).toEqual(['policy-scope', 'a', 'b']);
    expect(judge(policy, who('a', 'b'), listen('a://1', 'b://1'))).toBe('allow');
    expect(judge(policy, who('a'), listen('b://1', 'h://1'))).toBe('policy-hidden');
    expect(judge(policy, who('*'), listen('c://1'))).toBe('policy-no-rule');
    const complete = (ref: unknown) => message('completion/complete', { ref, argument: { name: 'x', value: '' } });
    expect(needed(policy, who(), complete({ type: 'ref/prompt', name: 'p' }))).toEqual(['policy-scope', 'p']);
    expect(judge(policy, who('a'), complete({ type: 'ref/resource', uri: 'a://{x}' }))).toBe('allow');
    expect(judge(policy, who('*'), complete({ type: 'ref/other', name: 'p' }))).toBe('policy-no-rule');
  });

  it('lets no name that looks like another through a glob', () => {
    const policy = policyOf({
      tools: [
        toRule('read_key', { deny: true }),
        toRule('Delete_*', { deny: true }),
        toRule('read_*'),
        toRule('my tool'),
        toRule('*'),
      ],
      methods: [toRule('admin/*', { deny: true }), toRule('*')],
    });
    const near = [
      'read_Key',
      'READ_KEY',
      'read_key.',
      '.read_key',
      'read_key ',
      ' read_key',
      'read_key\u200b',
      'read_k\u0435y',
    ];
    const other = [
      'delete_all',
      'DELETE_all',
      'Read_key',
      'Read_file',
      'a/b',
      'a b',
      'a%20b',
      'x'.repeat(129),
      'é',
      'e\u0301',
    ];
    for (const name of [...near, ...other])
      expect([name, judge(policy, who('*'), call(name))]).toEqual([name, 'policy-no-rule']);
    for (const name of ['read_file', 'a', 'a.b-c_D', 'my tool', 'x'.repeat(128)])
      expect([name, judge(policy, who(), call(name))]).toEqual([name, 'allow']);
    expect(judge(policy, who(), call('Delete_x'))).toBe('policy-denied');
    expect(judge(policy, who(), message('Admin/x'))).toBe('method-unknown');
    expect(judge(policy, who(), message('other/x'))).toBe('allow');
  });

  it('judges at most 1000 subscriptions', () => {
    const policy = policyOf({ resources: [toRule('a://*')] });
    expect([judge(policy, who(), many(1000)), judge(policy, who(), many(1001))]).toEqual(['allow', 'policy-no-rule']);
    expect(judge(policy, who('*'), many(1001))).toBe('policy-no-rule');
  });

  it('refuses subscriptions by the condition of one only where no other denial stands', () => {
    const no = { source: 'no', test: () => false };
    const policy = policyOf({
      resources: [
        toRule('a://*'),
        toRule('c://*', { when: no, scopes: ['c'] }),
        toRule('s://*', { scopes: ['s'] }),
        toRule('d://*', { deny: true }),
      ],
    });
    expect(judge(policy, who('c'), listen('a://1', 'c://1'))).toBe('policy-condition');
    expect(judge(policy, who('c'), listen('c://1', 'd://1'))).toBe('policy-denied');
    expect(needed(policy, who('c'), listen('c://1', 's://1', 'a://1'))).toEqual(['policy-scope', 's']);
    expect(authorize(policy, who('c'), listen('c://1', 'c://2'), 'modern')).toMatchObject({ target: 'c://1' });
    expect(authorize(policy, who(), listen('s://1', 's://2'), 'modern')).toMatchObject({ target: 's://1' });
  });

  it('refuses a completion whose reference names nothing, and a reading of nothing', () => {
    const policy = policyOf({ resources: [toRule('*')], prompts: [toRule('*')] });
    const complete = (ref: unknown) => message('completion/complete', { ref });
    expect(judge(policy, who('*'), complete({ type: 'ref/prompt', uri: 'a://b' }))).toBe('policy-no-rule');
    expect(judge(policy, who('*'), complete({ type: 'ref/resource', name: 'p' }))).toBe('policy-no-rule');
    expect(judge(policy, who('*'), complete({ type: 'ref/other', name: 'p', uri: 'a://b' }))).toBe('policy-no-rule');
    expect(judge(policy, who('*'), { ...complete({ type: 'ref/prompt' }), ref: null })).toBe('policy-no-rule');
    expect(judge(policy, who('*'), message('resources/subscribe', {}))).toBe('policy-no-rule');
    expect(judge(policyOf({}), who('*'), message('resources/subscribe', {}))).toBe('policy-no-rule');
    expect(judge(policyOf({}), who('*'), complete({ type: 'ref/prompt' }))).toBe('policy-no-rule');
  });

  it('asks a condition about no arguments as about empty ones', () => {
    const seen: unknown[] = [];
    const when = {
      source: '',
      test: (input: { args: unknown; target: string }) => seen.push([input.args, input.target]) > 0,
    };
    const policy = policyOf({ tools: [toRule('t', { when })], resources: [toRule('a://*', { when })] });
    expect(judge(policy, who(), call('t'))).toBe('allow');
    expect(judge(policy, who(), read('a://b'))).toBe('allow');
    expect(seen).toEqual([
      [new Map(), 't'],
      [new Map(), 'a://b'],
    ]);
  });

  it('lets every response of the client through', () => {
    const parsed = parseMessage(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'));
    if (parsed.kind !== 'message') throw new Error(parsed.refusal.reason);
    expect(judge(policyOf({ methods: [toRule('*', { deny: true })] }), who(), parsed.message)).toBe('allow');
    expect(judge(policyOf({}), who(), parsed.message, 'modern')).toBe('allow');
  });

  it('knows the methods of each era and no others', () => {
    const policy = policyOf({ tools: [toRule('*')] });
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'notifications/initialized']) {
      const sent = message(method);
      expect(judge(policy, who(), sent)).toBe('allow');
      expect(judge(policy, who(), sent, 'modern')).toBe('method-unknown');
    }
    for (const method of ['tasks/get', 'foo/bar', 'constructor', 'tools/Call', 'sampling/createMessage']) {
      expect(judge(policy, who('*'), message(method))).toBe('method-unknown');
    }
  });

  it('lets a rule open a method, and add scopes to a known one', () => {
    const policy = policyOf({
      tools: [toRule('t', { scopes: ['t'] })],
      methods: [
        toRule('tasks/*', { scopes: ['tasks'] }),
        toRule('tools/call', { scopes: ['call'] }),
        toRule('prompts/*', { deny: true }),
        toRule('ping', { hidden: true }),
      ],
    });
    expect(judge(policy, who('tasks'), message('tasks/get', { taskId: '1' }))).toBe('allow');
    expect(needed(policy, who(), message('tasks/get'))).toEqual(['policy-scope', 'tasks']);
    expect(needed(policy, who(), call('t'))).toEqual(['policy-scope', 'call', 't']);
    expect(needed(policy, who('t'), call('t'))).toEqual(['policy-scope', 'call', 't']);
    expect(needed(policy, who('call'), call('t'))).toEqual(['policy-scope', 'call', 't']);
    expect(judge(policy, who('call', 't'), call('t'))).toBe('allow');
    expect(judge(policy, who('call'), call('none'))).toBe('policy-no-rule');
    expect(judge(policy, who('*'), message('prompts/list'))).toBe('policy-denied');
    expect(judge(policy, who('*'), message('ping'))).toBe('method-unknown');
  });

  it('goes by the target first where the method itself is allowed, and names all scopes of both', () => {
    const no = { source: 'no', test: () => false };
    const policy = policyOf({
      tools: [
        toRule('hidden', { hidden: true }),
        toRule('denied', { deny: true }),
        toRule('free'),
        toRule('scoped', { scopes: ['t'] }),
        toRule('judged', { when: no }),
      ],
      methods: [toRule('tools/call', { scopes: ['call'] })],
    });
    for (const [name, reason] of [
      ['hidden', 'policy-hidden'],
      ['denied', 'policy-denied'],
      ['none', 'policy-no-rule'],
    ] as const)
      for (const principal of [who(), who('call')]) expect(judge(policy, principal, call(name))).toBe(reason);
    expect(needed(policy, who('call'), call('judged'))).toEqual(['policy-condition']);
    expect(needed(policy, who(), call('judged'))).toEqual(['policy-scope', 'call']);
    expect(needed(policy, who(), call('free'))).toEqual(['policy-scope', 'call']);
    expect(authorize(policy, who(), call('scoped'), 'modern')).toMatchObject({ target: 'tools/call' });
    expect(authorize(policy, who('call'), call('scoped'), 'modern')).toMatchObject({ target: 'scoped' });
  });

  it('tells of what is hidden as of a name that is not there', () => {
    const hidden = ['secret', 'a b'].map((name) => toRule(name, { hidden: true }));
    const no = { source: 'no', test: () => false };
    const others = [
      [],
      [toRule('*')],
      [toRule('*', { scopes: ['x'] })],
      [toRule('*', { scopes: ['own'] })],
      [toRule('*', { deny: true })],
      [toRule('*', { when: no })],
      [toRule('s*', { deny: true }), toRule('*')],
      [toRule('other')],
    ];
    for (const other of others)
      for (const methods of [
        [],
        [toRule('tools/call', { scopes: ['m'] })],
        [toRule('tools/call', { scopes: ['own'] })],
      ])
        for (const [name, made] of [
          ['secret', 'sekret'],
          ['Secret', 'Sekret'],
          ['a b', 'a c'],
        ] as const) {
          const told = shown(call(name), { tools: [...hidden, ...other], methods });
          const unknown = authorize(
            policyOf({ tools: [...other, toRule('z')], methods }),
            who('own'),
            call(made),
            'legacy',
          );
          expect({ name, other, told: JSON.stringify(told).replaceAll(name, made) }).toEqual({
            name,
            other,
            told: JSON.stringify(unknown),
          });
        }
  });

  it('tells of subscriptions to what is hidden as of any other', () => {
    const resources = [toRule('h://*', { hidden: true }), toRule('b://*', { scopes: ['b'] })];
    const shownOf = (policy: ReturnType<typeof policyOf>, ...uris: string[]) => {
      const judgement = authorize(policy, who(), listen(...uris), 'modern');
      return judgement.kind === 'deny' ? judgement.shown : judgement;
    };
    const closed = policyOf({ resources });
    const open = policyOf({ resources: [...resources, toRule('*')] });
    expect(shownOf(closed, 'h://1', 'b://1')).toMatchObject({ reason: 'policy-no-rule', target: 'h://1' });
    expect(shownOf(open, 'b://1', 'h://1')).toMatchObject({ reason: 'policy-scope', scopes: ['b'] });
    expect(shownOf(open, 'h://1', 'a://1')).toMatchObject({ kind: 'allow' });
    expect(shownOf(open, 'H://1')).toBeUndefined();
  });

  it('hands out the rule of the target, else that of the method', () => {
    const policy = policyOf({
      tools: [limited('t')],
      methods: [limited('tools/*'), limited('x/y')],
    });
    const ruleOf = (sent: Message) => {
      const judgement = authorize(policy, who('*'), sent, 'modern');
      return judgement.kind === 'allow' ? (judgement.rule?.pattern ?? null) : judgement.reason;
    };
    expect(ruleOf(call('t'))).toBe('t');
    expect(ruleOf(message('tools/list'))).toBe('tools/*');
    expect(ruleOf(message('x/y'))).toBe('x/y');
    expect(ruleOf(message('prompts/list'))).toBeNull();
  });

  it('hands out the rule, so that its limit can be held', () => {
    const withLimit = toRule('t', { limit: { count: 1, periodMs: 1000 } });
    const judgement = authorize(policyOf({ tools: [withLimit] }), who(), call('t'), 'modern');
    expect(judgement).toEqual({ kind: 'allow', rule: withLimit });
  });
});
