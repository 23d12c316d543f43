/**
 * What a page lacks for people who see, hear or point otherwise: text without contrast (WCAG 1.4.3), controls without a name (4.1.2) or too small (2.5.8), tables
 * without caption or heads (1.3.1), headings out of order, ids that are there twice, landmarks that are missing. It runs in the browser, so it needs nothing but itself.
 */
export function shortcomings(): string[] {
  const found: string[] = [];
  const named = (e: Element): string =>
    `${e.tagName.toLowerCase()}.${e.className} '${(e.textContent ?? '').trim().slice(0, 30)}'`;
  const seen = [...document.querySelectorAll('body *')].filter(
    (e) => e.checkVisibility() && !e.closest('.unseen, .skip, datalist'),
  );

  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  /** As red, green, blue, whatever form the style has, over what is below. */
  const mixed = (color: string, below: readonly number[]): number[] => {
    if (!paint) return [];
    paint.fillStyle = `rgb(${below.join(' ')})`;
    paint.fillRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    return Array.from(paint.getImageData(0, 0, 1, 1).data.slice(0, 3));
  };
  const groundOf = (e: Element): number[] => {
    const below = e.parentElement ? groundOf(e.parentElement) : [255, 255, 255];
    return mixed(getComputedStyle(e).backgroundColor, below);
  };
  const luminance = (rgb: readonly number[]): number => {
    const [r = 0, g = 0, b = 0] = rgb.map((n) =>
      n / 255 <= 0.03928 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: readonly number[], b: readonly number[]): number => {
    const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  for (const e of seen) {
    const hasText = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
    if (!hasText || e.matches('option, :disabled')) continue;
    const ground = groundOf(e);
    const ratio = contrast(mixed(getComputedStyle(e).color, ground), ground);
    if (ratio < 4.5) found.push(`${named(e)}: contrast ${ratio.toFixed(2)}`);
  }

  for (const e of seen.filter((each) => each.matches('button, select, input, summary, a'))) {
    const labels =
      'labels' in e ? [...((e as HTMLInputElement).labels ?? [])].map((label) => label.textContent ?? '') : [];
    const name =
      e.getAttribute('aria-label') ?? [...labels, e.matches('select') ? '' : (e.textContent ?? '')].join('').trim();
    if (name.trim() === '') found.push(`${named(e)}: no name`);
    const target = e.matches('input[type=checkbox]') ? (e.closest('label') ?? e) : e;
    const { width, height } = target.getBoundingClientRect();
    if (width < 24 || height < 24) found.push(`${named(e)}: ${Math.round(width)} × ${Math.round(height)}`);
  }

  for (const table of seen.filter((each) => each instanceof HTMLTableElement)) {
    if (!table.caption?.textContent?.trim()) found.push(`${named(table)}: no caption`);
    for (const head of table.querySelectorAll('th')) if (!head.scope) found.push(`${named(head)}: no scope`);
  }
  for (const e of seen.filter((each) => each.matches('[role=region], [role=img], dialog, section, [role=group]'))) {
    const by = e.getAttribute('aria-labelledby');
    if (!e.getAttribute('aria-label')?.trim() && !(by && document.getElementById(by)?.textContent?.trim()))
      found.push(`${named(e)}: no name`);
  }
  for (const e of seen.filter((each) => each.matches('pre, .scroll') && each.scrollHeight > each.clientHeight))
    if (!e.hasAttribute('tabindex')) found.push(`${named(e)}: keys cannot scroll it`);

  const levels = [...document.querySelectorAll('h1, h2, h3')]
    .filter((e) => !e.closest('dialog'))
    .map((e) => Number(e.tagName[1]));
  for (const [i, level] of levels.entries())
    if (level > (levels[i - 1] ?? 0) + 1) found.push(`heading ${i}: level ${level} after ${levels[i - 1]}`);
  if (levels.filter((level) => level === 1).length !== 1) found.push('not one h1');
  for (const landmark of ['header', 'main'])
    if (document.querySelectorAll(landmark).length !== 1) found.push(`not one ${landmark}`);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of new Set(ids))
    if (ids.filter((each) => each === id).length > 1) found.push(`id ${id} is there twice`);
  if (!document.documentElement.lang) found.push('no language');
  return [...new Set(found)];
}
