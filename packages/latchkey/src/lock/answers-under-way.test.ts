import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import { createAnswersUnderWay, type AnswerUnderWay, type EndOf } from './answers-under-way.ts';

interface Answer extends AnswerUnderWay {
  cuts: number;
}

const named = (id: string, expiresAt: number | null = null): Principal => ({ ...createAnonymous([]), id, expiresAt });
/** Another one each time, as after each change of the store. */
const stored = (credentialId: string, expiresAt: number | null = null): Principal => ({
  ...named(`token:${credentialId}`, expiresAt),
  credentialId,
});

function answer(principal: Principal | null): Answer {
  return { principal, slot: -1, endsAt: null, heldAgainst: Number.NaN, cuts: 0 };
}

function create(endOf: EndOf, version: () => number | Promise<number> = () => Number.NaN, apart = false) {
  const failures: unknown[] = [];
  const seen: Answer[] = [];
  const open = createAnswersUnderWay<Answer>({
    version,
    endOf,
    now: Date.now,
    cut: (each) => (each.cuts += 1),
    visit: (each) => seen.push(each),
    onLook: (failure) => failures.push(failure),
    apart,
  });
  const add = (...answers: readonly Answer[]): void => answers.forEach((each) => open.add(each));
  return { open, add, failures, seen };
}

describe('createAnswersUnderWay', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000 }));
  afterEach(() => void vi.useRealTimers());

  it('cuts within a second what has ended, and nothing else', async () => {
    const ended = new Set<string>();
    const { open, add } = create(({ id, expiresAt }) => (ended.has(id) ? 0 : expiresAt));
    const [alice, bob, brief] = [answer(named('alice')), answer(named('bob')), answer(named('brief', 2000))];
    const nobodys = answer(null);
    add(alice, nobodys, bob, brief);
    await vi.advanceTimersByTimeAsync(500);
    expect([alice.cuts, bob.cuts, brief.cuts]).toEqual([0, 0, 0]);
    ended.add('alice');
    await vi.advanceTimersByTimeAsync(250);
    expect([alice.cuts, bob.cuts, brief.cuts]).toEqual([1, 0, 0]);
    open.remove(alice);
    await vi.advanceTimersByTimeAsync(1000);
    expect([alice.cuts, nobodys.cuts, bob.cuts, brief.cuts > 0]).toEqual([1, 0, 0, true]);
  });

  it('cuts at the moment of the end, not behind it', async () => {
    const { add } = create(({ expiresAt }) => expiresAt);
    const ending = answer(named('ending', 1250));
    add(ending);
    await vi.advanceTimersByTimeAsync(250);
    expect(ending.cuts > 0).toBe(true);
  });

  it('has no timer when nothing is open, and one again when something is', async () => {
    const { open } = create(() => 0);
    expect(vi.getTimerCount()).toBe(0);
    const first = answer(named('alice'));
    open.add(first);
    open.remove(first);
    await vi.advanceTimersByTimeAsync(250);
    expect([vi.getTimerCount(), open.size]).toEqual([0, 0]);
    const second = answer(named('alice'));
    open.add(second);
    await vi.advanceTimersByTimeAsync(250);
    expect(second.cuts).toBe(1);
  });

  it('has a timer for each of them where that of another would end before it', async () => {
    const { open, add, seen } = create(
      ({ expiresAt }) => expiresAt,
      () => Number.NaN,
      true,
    );
    const [over, brief, long] = [answer(named('over')), answer(named('brief', 1500)), answer(named('long'))];
    add(over, brief, long);
    expect(vi.getTimerCount()).toBe(3);
    open.remove(over);
    await vi.advanceTimersByTimeAsync(500);
    expect([over.cuts, brief.cuts > 0, long.cuts]).toEqual([0, true, 0]);
    expect(vi.getTimerCount()).toBe(2);
    expect(seen).not.toContain(over);
    open.remove(brief);
    open.remove(long);
    await vi.advanceTimersByTimeAsync(250);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cuts what was judged before its credential was revoked and opened after the store was looked at', async () => {
    let revoked = false;
    const { add } = create(
      () => (revoked ? 0 : null),
      () => 7,
    );
    const [first, late] = [answer(stored('c1')), answer(stored('c1'))];
    add(first);
    await vi.advanceTimersByTimeAsync(250);
    revoked = true;
    add(late);
    await vi.advanceTimersByTimeAsync(250);
    expect([first.cuts, late.cuts]).toEqual([0, 1]);
  });

  it('asks for each stored credential once for each version, and for others each time', async () => {
    const asked: string[] = [];
    let version = 1;
    const { add } = create(
      ({ id }) => (asked.push(`${id} ${version}`), null),
      () => version,
    );
    const foreign = named('foreign');
    add(...[1, 2, 3].map(() => answer(stored('c1'))), answer(foreign), answer(foreign));
    for (version of [1, 1, 2]) await vi.advanceTimersByTimeAsync(250);
    expect(asked).toEqual(['token:c1 1', 'foreign 1', 'foreign 1', 'token:c1 2', 'foreign 2']);
  });

  it('cuts what expired while the store cannot be read, and asks again until it can', async () => {
    let readable = false;
    const { add, failures } = create(
      ({ credentialId }) => (credentialId === null ? null : 0),
      () => {
        if (readable) return 1;
        throw new Error('disk I/O error');
      },
    );
    const [expired, revoked, foreign] = [answer(stored('c1', 1000)), answer(stored('c2')), answer(named('foreign'))];
    add(expired, revoked, foreign);
    await vi.advanceTimersByTimeAsync(250);
    expect([expired.cuts, revoked.cuts, foreign.cuts]).toEqual([1, 0, 0]);
    readable = true;
    await vi.advanceTimersByTimeAsync(250);
    expect([revoked.cuts, foreign.cuts]).toEqual([1, 0]);
    expect(failures.map(String)).toEqual(['Error: disk I/O error', 'null']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('closed');
      },
    ],
    ['rejects', () => Promise.reject(new Error('closed'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ] as const)('goes by the expiry that is known while the store %s', async (_how, endOf) => {
    const { add } = create(endOf);
    const [brief, long] = [answer(named('brief', 1500)), answer(named('long'))];
    add(brief, long);
    await vi.advanceTimersByTimeAsync(1000);
    expect([brief.cuts > 0, long.cuts]).toEqual([true, 0]);
  });

  it('asks about others where one cannot be asked about', async () => {
    const { add, failures } = create(({ id }) => {
      if (id === 'broken') throw new Error('broken');
      return 0;
    });
    const [broken, next] = [answer(named('broken')), answer(named('next'))];
    add(broken, next);
    await vi.advanceTimersByTimeAsync(250);
    expect([broken.cuts, next.cuts, failures]).toEqual([0, 1, [new Error('broken')]]);
  });

  it('waits for a slow store, and cuts nothing that ended meanwhile', async () => {
    const asked: string[] = [];
    const { open, add } = create(({ id }) => {
      asked.push(id);
      return new Promise((resolve) => setTimeout(resolve, 1000, 0));
    });
    const [gone, here, over] = [answer(named('gone')), answer(named('here')), answer(named('over'))];
    add(gone, over, here);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual(['gone']);
    open.remove(gone);
    open.remove(over);
    await vi.advanceTimersByTimeAsync(250);
    expect([gone.cuts, here.cuts]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(2000);
    expect([gone.cuts, here.cuts > 0, asked.includes('over')]).toEqual([0, true, false]);
  });

  it('shows each of them a few times a second, while the store is slow too', async () => {
    const { open, add, seen } = create(() => new Promise(() => {}));
    const [first, second] = [answer(named('alice')), answer(named('bob'))];
    add(first, second);
    await vi.advanceTimersByTimeAsync(250);
    open.remove(first);
    await vi.advanceTimersByTimeAsync(500);
    expect(seen).toEqual([first, second, second, second]);
  });
});
