// Runs before the first paint: a dark page must not flash white. The rest is in src/app/theme.ts.
try {
  const theme = localStorage.getItem('relay.demo.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked.
}
