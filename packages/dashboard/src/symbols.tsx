/** The page's symbols, drawn in the colour of the text beside them, which says the same in words. */
import type { JSX } from 'preact';

const paths = {
  ok: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1.6 14.4-4-4L8 10.8l2.4 2.4 5.6-5.6 1.6 1.6z',
  warning: 'M12 2.5 1.2 21.5h21.6zM11 9h2v6h-2zm0 7.5h2v2h-2z',
  error:
    'M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9zM12 10.3 9.2 7.5 7.5 9.2l2.8 2.8-2.8 2.8 1.7 1.7 2.8-2.8 2.8 2.8 1.7-1.7-2.8-2.8 2.8-2.8-1.7-1.7z',
  away: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v6h-2zm0 8h2v2h-2z',
  late: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 4h2v6l4 2.4-1 1.7-5-3z',
  full: 'M4 4h6v2H6v4H4zm10 0h6v6h-2V6h-4zM4 14h2v4h4v2H4zm14 0h2v6h-6v-2h4z',
  less: 'M8 4h2v6H4V8h4zm6 0h2v4h4v2h-6zM4 14h6v6H8v-4H4zm10 0h6v2h-4v4h-2z',
  close:
    'M6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6L19 6.4 17.6 5 12 10.6z',
  colours: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 2v16a8 8 0 0 1 0-16z',
  brand: 'M13.5 2 4 14h7l-1.5 8L20 9h-7.5z',
} as const;

export type SymbolName = keyof typeof paths;

export function Symbol({ name }: { readonly name: SymbolName }): JSX.Element {
  return (
    <svg class="symbol" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
