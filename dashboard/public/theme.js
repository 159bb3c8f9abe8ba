// Before the first paint: the theme that was chosen, else that of the system. External, as the CSP allows no inline script.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('bespoke.theme');
  } catch {
    // Storage may be forbidden; the system's theme is right then.
  }
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
