/** A part of a page, under one heading: the program that its code blocks form, and what the reader does with it. */
export interface Chapter {
  readonly title: string;
  readonly slug: string;
  /** File names and their text; the program is the first, `chapter.ts`. */
  readonly files: ReadonlyMap<string, string>;
  /** What the page shows of the program's output. */
  readonly printed: string;
  readonly commands: readonly Command[];
}

/** A command of a reader's terminal, while the program runs, and what the page shows of its answer. */
export interface Command {
  readonly line: string;
  readonly printed: string;
}

/** The file that a chapter's code forms, unless a mark names another one. */
export const PROGRAM = 'chapter.ts';

// A heading; a fenced block: `ts` is code, `text` what it prints, `console` commands with their output; a mark that
// readers do not see: `<!-- ts` with more code, or `<!-- file NAME -->` before code for another file.
const PIECES = /^#{2,3} (.+)$|^```(\w*)[^\n]*\n([^]*?)^```$|^<!-- (ts|file)[ \n]([^]*?)-->$/gm;

/** The chapters of a page that have code. */
export function readChapters(page: string): readonly Chapter[] {
  const chapters: Open[] = [];
  for (const [, heading, kind, text = '', mark, marked = ''] of page.matchAll(PIECES)) {
    if (heading !== undefined) chapters.push(openChapter(heading));
    const chapter = chapters.at(-1);
    if (chapter === undefined) continue;
    if (mark === 'ts') chapter.add(PROGRAM, marked);
    else if (mark === 'file') chapter.file = marked.trim();
    else if (kind !== undefined) takeBlock(chapter, kind, text);
  }
  return chapters.filter(({ files }) => files.size > 0);
}

interface Open extends Chapter {
  readonly files: Map<string, string>;
  readonly commands: Command[];
  printed: string;
  /** Where the next block of code goes. */
  file: string;
  add(file: string, text: string): void;
}

function openChapter(title: string): Open {
  const files = new Map<string, string>();
  return {
    title,
    slug: title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    files,
    commands: [],
    printed: '',
    file: PROGRAM,
    add: (file, text) => files.set(file, `${files.get(file) ?? ''}${text}`),
  };
}

function takeBlock(chapter: Open, kind: string, text: string): void {
  if (kind === 'text') chapter.printed += text;
  else if (kind === 'console') chapter.commands.push(...readCommands(text));
  else if (kind === 'ts') {
    chapter.add(chapter.file, text);
    chapter.file = PROGRAM;
  }
}

/** `$ ` begins a command, which `\\` at the end of a line carries on; what follows is its output. */
function readCommands(text: string): readonly Command[] {
  return `\n${text}`
    .split('\n$ ')
    .slice(1)
    .map((each) => {
      const [, line = '', printed = ''] = /^((?:[^\n]*\\\n)*[^\n]*)\n?([^]*)$/.exec(each) ?? [];
      return { line, printed };
    });
}

/** What the text of a page stands for: a line `…` for any lines, and `…` in a line for anything. */
export function toPattern(shown: string): RegExp {
  const lines = shown
    .trimEnd()
    .split('\n')
    .map((line) =>
      line === '…'
        ? '[^]*'
        : line
            .split('…')
            .map((text) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
            .join('[^\\n]*'),
    );
  return new RegExp(`^${lines.join('\\n').replaceAll('[^]*\\n', '(?:[^]*\\n)?')}$`);
}
