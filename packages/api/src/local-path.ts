/** Where to go after a login: a path of this server, and never another server. */

const anyBase = 'http://zdenergy.invalid';

/** The path if it leads to this server and is a page to come back to; otherwise `/`. */
export function localPath(path: unknown): string {
  if (typeof path !== 'string' || !path.startsWith('/') || !URL.canParse(path, anyBase)) return '/';
  // Parsed as browsers do, for which `//host`, `/\host` and `/<tab>/host` are other servers.
  const { origin, pathname, search } = new URL(path, anyBase);
  const isElsewhere = origin !== anyBase || pathname.startsWith('//');
  return isElsewhere || /^\/(login|logout)\/?$/i.test(pathname) ? '/' : pathname + search;
}
