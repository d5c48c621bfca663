/**
 * Whether the files that TLS needs are there and go together, so that a typing error is told before
 * anything starts and not by a worker that fails again and again.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { describeError } from '@zdenergy/core';

const variables = ['TLS_CERT', 'TLS_KEY', 'TLS_CA'] as const;
type Variable = (typeof variables)[number];

/** What is wrong with them, a line each that names the variable; none where TLS is not set up. */
export function tlsFileProblems(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const problems: string[] = [];
  const contents = new Map<Variable, Buffer>();
  for (const variable of variables) {
    const path = environment[variable];
    if (path === undefined || path === '') continue;
    try {
      contents.set(variable, readFileSync(path));
    } catch (error) {
      problems.push(
        `${variable}=${JSON.stringify(path)}: cannot be read (${describeError(error)})`,
      );
    }
  }
  const cert = contents.get('TLS_CERT');
  const key = contents.get('TLS_KEY');
  const ca = contents.get('TLS_CA');
  if (cert !== undefined && key !== undefined) {
    const problem = flawOf({ cert, key });
    if (problem !== undefined) problems.push(`TLS_CERT and TLS_KEY: cannot be used (${problem})`);
  }
  if (ca !== undefined) {
    const problem = flawOf({ ca });
    if (problem !== undefined) problems.push(`TLS_CA: cannot be used (${problem})`);
  }
  return problems;
}

/** What OpenSSL says of them; it never repeats a key. */
function flawOf(files: { cert: Buffer; key: Buffer } | { ca: Buffer }): string | undefined {
  try {
    createSecureContext(files);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
