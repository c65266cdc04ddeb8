import { textAt } from './json.ts';
import { ASKED, type Question } from './round.ts';
import type { ServerLine } from './server-line.ts';

const MAX_QUESTIONS = 16;

/** What a legacy child asked its client, and has no answer to yet. */
export class ChildQuestions {
  readonly #declared: ReadonlySet<string>;
  #open: Question[] = [];
  #lastKey = 0;

  /** `declared`: names of the client's capabilities; nothing else may be asked. */
  constructor(declared: ReadonlySet<string>) {
    this.#declared = declared;
  }

  get open(): readonly Question[] {
    return this.#open;
  }

  /** False where the client does not offer to answer that, or has too many to answer. */
  add({ method, params, bytes }: ServerLine, id: string): boolean {
    const capability = ASKED.get(method);
    if (capability === undefined || !this.#declared.has(capability) || this.#open.length >= MAX_QUESTIONS) return false;
    this.#lastKey += 1;
    this.#open.push({ key: `q${this.#lastKey}`, id, method, params: params === null ? null : textAt(bytes, params) });
    return true;
  }

  /** Takes out those whose keys have answers. */
  takeAnswered(answers: Readonly<Record<string, unknown>>): readonly Question[] {
    const answered = this.#open.filter(({ key }) => Object.hasOwn(answers, key));
    this.#open = this.#open.filter((question) => !answered.includes(question));
    return answered;
  }

  /** Forgets one that the child took back. */
  remove(id: string): void {
    this.#open = this.#open.filter((question) => question.id !== id);
  }

  takeAll(): readonly Question[] {
    return this.#open.splice(0);
  }
}
