/**
 * Light or dark: as the system says, until a person chooses; the choice is kept in this browser.
 *
 * What always holds: the page works where nothing can be kept.
 */

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'zdenergy-theme';

export function storedTheme(): Theme {
  try {
    const stored = window.localStorage.getItem(storageKey);
    return themes.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

/** Shows the page in it and remembers it. */
export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset['theme'];
  else dataset['theme'] = theme;
  try {
    window.localStorage.setItem(storageKey, theme);
  } catch {
    // It holds until the page is closed.
  }
}
