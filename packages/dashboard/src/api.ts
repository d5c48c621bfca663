/**
 * Questions to the API.
 *
 * What always holds: a session that has ended leads to the login and back here; every other failure
 * is an ApiProblem that says in plain words what is wrong, and a question that was given up is an
 * AbortError.
 */

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
}

export type Params = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The path with its query; undefined parameters are left out. */
export function apiPath(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [value]) {
      query.append(name, String(each));
    }
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** @throws {ApiProblem} unless it is answered with 2xx. */
export async function askApi<Answer>(
  path: string,
  params: Params = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetchFrom(apiPath(path, params), signal);
  if (response.status === 401) {
    goToLogin();
    throw new ApiProblem('Your session has ended. Please log in again.');
  }
  const body: unknown = await response.json().catch(() => null);
  // An answer that was given up half way reads as none.
  signal?.throwIfAborted();
  if (!response.ok || body === null) {
    throw new ApiProblem(errorOf(body) ?? `The server answered ${response.status}.`);
  }
  return body as Answer;
}

async function fetchFrom(url: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { Accept: 'application/json' },
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiProblem('The server cannot be reached.');
  }
}

function errorOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  return typeof body.error === 'string' ? body.error : undefined;
}

function goToLogin(): void {
  const { pathname, search } = window.location;
  window.location.assign(`/login?next=${encodeURIComponent(pathname + search)}`);
}

/** What went wrong, in plain words. */
export const describeProblem = (error: unknown): string =>
  error instanceof ApiProblem ? error.message : 'Something went wrong in this page.';
