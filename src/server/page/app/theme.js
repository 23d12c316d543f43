/** Runs before anything is drawn, so it is a script and no module: takes the theme that was chosen the last time. */
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
} catch {
  // a browser that keeps nothing follows the system
}
