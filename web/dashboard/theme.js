/** Light, dark, or the theme of the system. */

import { byId } from './dom.js';

const KEPT = 'peal-dashboard-theme';

export function startTheme(onChange) {
  const select = byId('theme');
  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    onChange();
  };
  select.value = localStorage.getItem(KEPT) ?? '';
  apply(select.value);
  select.addEventListener('change', () => {
    localStorage.setItem(KEPT, select.value);
    apply(select.value);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}
