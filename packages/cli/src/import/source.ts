/** Where an import's rows come from: what a file and a table have in common. */

export interface SourceRow {
  /** Where it stands, for a person: `line 17`, `id 4711`. */
  readonly place: string;
  /** In the order of columns.ts; or why they cannot be told apart. */
  readonly fields: readonly (string | null)[] | { readonly problem: string };
  /** The line that it was read from. */
  readonly line: string;
}

export interface SourceBlock {
  readonly rows: readonly SourceRow[];
  /** Where to go on after them: JSON, for `blocks`. */
  readonly next: unknown;
  /** How much of the source was read by then, from 0 to 1. */
  readonly share: number;
}

export interface Source {
  /** Two with the same text have the same rows, read in the same way. */
  readonly identity: string;
  /** For a person; no password in it. */
  readonly name: string;
  /** Rows may be added to it meanwhile, some of them in front of others that are there already. */
  readonly mayGrow: boolean;
  /** Columns that are not read. */
  readonly unused: readonly string[];
  /** The rows, from the start (null) or from where an earlier block said. */
  blocks(from: unknown): AsyncGenerator<SourceBlock>;
  /** A row as it is kept when it is refused. */
  raw(row: SourceRow): string;
  close(): Promise<void>;
}
