/** What was thrown, as a sentence for a person; never a stack, and never a URL's password. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describeError))].join('; ');
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  return withoutPasswords(message);
}

/**
 * A URL up to its password, and the password: up to the last @ of the word, as one typed by hand may
 * hold an @ itself. The lengths keep the search linear in texts that others choose.
 */
const password = /(\b[a-z][a-z0-9+.-]{0,31}:\/\/[^\s:/@]{0,255}:)\S{1,1023}@/gi;

/** The text with the password of every URL in it replaced. */
export function withoutPasswords(text: string): string {
  return text.replace(password, '$1***@');
}

/** The code of a system or database error, such as ENOSPC or 23505. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
