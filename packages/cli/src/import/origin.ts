/**
 * Where a row of an import came from, as it stands in place of a gateway's address.
 *
 * What always holds: no gateway's address begins like it, so that the two can be told apart.
 */

const beginning = 'import of ';

/** @param place where in the source the row stood, as `line 17`. */
export const importOrigin = (sourceName: string, place: string): string =>
  `${beginning}${sourceName}, ${place}`;

export const isImportOrigin = (peer: string): boolean => peer.startsWith(beginning);
