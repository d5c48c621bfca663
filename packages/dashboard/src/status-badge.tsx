/** Online, late or silent: in words, with a symbol. */
import type { JSX } from 'preact';
import type { SensorStatus } from './api-answers.js';
import { Symbol, type SymbolName } from './symbols.js';

const looks: Readonly<Record<SensorStatus, { symbol: SymbolName; word: string; title: string }>> = {
  online: { symbol: 'ok', word: 'Online', title: 'It reports as usual.' },
  late: { symbol: 'late', word: 'Late', title: 'At least three of its readings are missing.' },
  silent: { symbol: 'away', word: 'Silent', title: 'It has stopped reporting.' },
};

export function StatusBadge({ status }: { readonly status: SensorStatus }): JSX.Element {
  const { symbol, word, title } = looks[status];
  return (
    <span class={`badge ${status}`} title={title}>
      <Symbol name={symbol} />
      {word}
    </span>
  );
}
