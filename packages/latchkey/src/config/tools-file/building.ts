import type { Parameter } from '../../core/declared-tool.ts';
import type { Path } from '../yaml-document.ts';
import type { Written } from './shell/files.ts';
import type { Environment } from './expand-variables.ts';

/** One tool while it is made. */
export interface Building {
  /** Where it stands in the file. */
  readonly at: Path;
  readonly parameters: readonly Parameter[];
  /** Their names. */
  readonly known: ReadonlySet<string>;
  readonly env: Environment;
  /** What relative paths are relative to. */
  readonly directory: string;
  readonly platform: NodeJS.Platform;
  /** Files into which scripts of the tools write values. */
  readonly stored: readonly Written[];
  readonly problem: (path: Path, message: string, offset?: number) => void;
  readonly warn: (path: Path, message: string, offset?: number) => void;
}
