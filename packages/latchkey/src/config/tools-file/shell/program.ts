/** What to write instead, of many. */
export const AS_ARGUMENT = 'pass it as an argument: script: {command, args}';

/** Of programs that load what is run, and of those that one option is enough for. */
export const LOADED = { language: 'what it loads and runs', instead: 'name it here' } as const;
export const LOADING = { ...LOADED, optionsRun: true } as const;

/** Of programs that hand a command to another machine, whose shell reads it. */
export const REMOTE = {
  language: 'a command for another machine',
  shellText: true,
  remote: true,
  instead: 'write the command itself here',
} as const;

/** The programs that are called as kubectl and docker are. */
export const KUBECTLS: readonly string[] = ['kubectl', 'oc', 'kubecolor', 'microk8s.kubectl'];
export const DOCKERS: readonly string[] = ['docker', 'podman', 'podman-remote', 'nerdctl', 'nerdctl.lima', 'finch'];

/** What runs one program of another machine. */
export const QEMU_USERS: readonly string[] =
  'x86_64 i386 arm armeb aarch64 aarch64_be riscv64 riscv32 ppc64 ppc64le ppc s390x mips mipsel mips64 mips64el sparc sparc64 m68k loongarch64 alpha hppa sh4'
    .split(' ')
    .flatMap((each) => [`qemu-${each}`, `qemu-${each}-static`]);

/** Settings of ssh and its like that run programs or load libraries; `ProxyCommand` and others are spelled as commands. */
export const SSH_SETTINGS = {
  settings: 'o',
  running: /^(?:ProxyJump|PKCS11Provider|SecurityKeyProvider|XAuthLocation|Include|Match)$/i,
};

/** What a program takes for text of its own language, so that a value there would be a program. */
export interface Program {
  readonly names: readonly string[];
  /** What that text is, for people. */
  readonly language: string;
  /** Letters of options whose argument is such text (`-c`), alone or at the end of a cluster. */
  readonly letters?: string;
  /** Other options whose argument is such text (`--eval`, `-cmd`). */
  readonly options?: readonly string[];
  /** Letters and options whose argument is something else. */
  readonly takes?: string;
  readonly takesOptions?: readonly string[];
  /** Options with two such arguments. */
  readonly takesTwo?: readonly string[];
  /** Letters of options whose argument names a file or module with the program. */
  readonly file?: string;
  /** Letters and options whose argument names what is loaded before the program. */
  readonly loads?: string;
  readonly loadsOptions?: readonly string[];
  /** The same of options whose argument is right behind them, and of operands that begin so: `-javaagent:`, `@`. */
  readonly loadsAttached?: readonly string[];
  /** Other options whose argument names a file or module with the program. */
  readonly fileOptions?: readonly string[];
  /**
   * Letters and options whose argument is a setting, `name=value`: it is such text where callers choose its name, and where
   * its name is one of `running`, or is spelled as a command.
   */
  readonly settings?: string;
  readonly settingsOptions?: readonly string[];
  readonly running?: RegExp;
  /** What begins so is such text: `-comment<`. */
  readonly attached?: RegExp;
  /** Options whose argument is such text where callers write its beginning: `-o '|…'`. */
  readonly beginsOptions?: readonly string[];
  /** A letter after which the rest of the cluster is no more letters (`sed -i.bak`). */
  readonly stop?: string;
  /**
   * Operands that are such text: all, the first unless an option gave it, those behind the first, a setting in two, or
   * those whose beginning callers write; or all name files or modules with the program.
   */
  readonly operands?: 'all' | 'first' | 'behind-first' | 'setting' | 'begins' | 'files';
  /** What such an operand is by its beginning, whatever follows: a part of a file that is named. */
  readonly settled?: RegExp;
  /** What it does with operands behind its text where one of these letters stands before, or this in the text. */
  readonly opens?: { readonly letters: string; readonly text: RegExp; readonly program: Program };
  /** A shell of this one's kind, or the shell itself, reads that text. */
  readonly shellText?: boolean;
  /** That shell runs on another machine, without the variables of this one. */
  readonly remote?: boolean;
  /** A shell: options may begin with `+`, `-` alone ends them, and the text of `-c` comes behind them all. */
  readonly shell?: boolean;
  /** The first operand is the file of the program to run. */
  readonly script?: boolean;
  /** It reads such text from its standard input: where it has no operand either, where no option gave it any, or always. */
  readonly input?: 'alone' | 'ungiven' | 'always';
  /** It takes such text only where one of these is its command, and none of the others is among its arguments. */
  readonly only?: readonly string[];
  readonly unless?: readonly string[];
  /** Words before its first operand: `deno run FILE`. */
  readonly subcommands?: readonly string[];
  /** What counts stands before its command: `git -c NAME=VALUE log`. */
  readonly before?: boolean;
  /** All behind the file of its program is for that program; or behind its text or module too. */
  readonly ends?: 'file' | 'given';
  /** What begins with `+` is such text: `vim +q`. */
  readonly plus?: boolean;
  /** Its first argument may be a cluster of letters without a dash: `tar xf`. */
  readonly bare?: boolean;
  /** Part of the shell, so that it is none when other programs are given its name. */
  readonly builtin?: boolean;
  /** Its name is a word of others too (`aws lambda invoke`), so that it is none among their arguments. */
  readonly common?: boolean;
  /** Some of its options run programs, so that no operand may be read as one, wherever it stands, or even behind `--`. */
  readonly optionsRun?: true | 'always';
  /** With no more operands than these, one of which is read as an option, it does nothing, unless such an option is there. */
  readonly idle?: { readonly operands: number; readonly unless?: RegExp };
  /** How such text runs other programs, or evaluates text. */
  readonly runs?: RegExp;
  /** Whole texts of it are what callers may be meant to write: SQL. */
  readonly query?: boolean;
  /** What to write instead. */
  readonly instead: string;
}

/** A program that runs the program named in its operands. */
export interface Wrapper {
  readonly names: readonly string[];
  readonly takes?: string;
  /** Its long options without an argument behind them, where all others take one; else which of them do is not known. */
  readonly flags?: readonly string[] | 'all';
  /** Its long options with more arguments than one, or with one behind a single dash, by how many. */
  readonly takesMore?: Readonly<Record<number, readonly string[]>>;
  /** It does so only behind one of these commands (`docker exec`), or, with `dashes`, behind a `--` that follows. */
  readonly behind?: readonly string[];
  readonly dashes?: boolean;
  /** That command is the name of the program itself: `minikube kubectl -- get pods`. */
  readonly named?: boolean;
  /** Operands before that name. */
  readonly skip?: number;
  /** These choose what runs too: `docker run IMAGE`. */
  readonly chooses?: boolean;
  /** An option that names the program, so that all operands behind are its arguments. */
  readonly entry?: string;
  /** Letters of options whose argument is attached or missing. */
  readonly attaches?: string;
  /** Letters of options with which it runs a shell where it is given no program; empty when it always does. */
  readonly shell?: string;
  /** What it reads from standard input are arguments of that program. */
  readonly inputIsArguments?: boolean;
}

/** Whether a word names what is read from standard input, or from another descriptor. */
export function isStandardInput(word: string): boolean {
  return word === '-' || /(?:^|\/)(?:stdin|fd\/\d+)$/.test(word);
}

/** The file of a script, as far as its name alone tells which program that is. */
const SCRIPT = /\/|\.(?:py|phar)$|^artisan$/;
/** A folder of packages, and the name of the package in it, unless it is one of many with a common name. */
const PACKAGE = /^.*(?:^|\/)(?:node_modules|nodejs|\.yarn)\/(?:@[^/]+\/[^/]+|([^/]+))\//;

/** The programs that a file may be which another runs: by its own name, and those of packages by the package's too. */
export function nameScript(file: string): readonly string[] {
  if (!SCRIPT.test(file)) return [];
  const [folder, name = ''] = PACKAGE.exec(file) ?? [];
  if (folder === undefined) return [file.replace(/\.phar$/, '')];
  return [...new Set([file.replace(/\.[cm]?js$/, ''), name])].filter((each) => each !== '');
}

/** What stands of a program in a table: a word names it by the last part of its path, with or without a version. */
export function findNamed<Entry extends { readonly names: readonly string[] }>(
  entries: readonly Entry[],
  word: string,
): readonly Entry[] {
  const base = word.slice(word.lastIndexOf('/') + 1);
  const bare = base.replace(/(?<=[a-z+])-?[\d.]+$/i, '');
  return entries.filter(({ names }) => names.includes(base) || (bare !== '' && names.includes(bare)));
}
