/** Streams to begin from: what gateways send, what damaged ones send, and every failure found. */
import { readdirSync, readFileSync } from 'node:fs';

const directory = new URL('../corpus/', import.meta.url);

export const corpus: ReadonlyMap<string, Buffer> = new Map(
  readdirSync(directory)
    .sort()
    .map((file) => [file, readFileSync(new URL(file, directory))]),
);
