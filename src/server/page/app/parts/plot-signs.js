/**
 * What is drawn beside the lines: whatever colours alone would tell is told by signs too.
 *
 * @typedef {import('../data/series.js').Lines} Lines
 */

/** Between the lines of the hatch, and the size of a sign: pixels of the style sheet. */
const [GAP, SIGN] = [9, 16];

/** As the style sheet has it, in the theme of the moment. @param {string} name */
export function colourOf(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param {number} line */
export const lineColour = (line) => `--line-${line + 1}`;

/** Names each line where it is, by its number in the legend: colours alone do not tell them apart. @param {import('uplot').default} u @param {Lines} lines */
export function number({ ctx, valToPos }, { starts, lines }) {
  if (lines.length < 2) return;
  const size = SIGN * devicePixelRatio;
  ctx.save();
  ctx.font = `700 ${0.7 * size}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const [i, { values }] of lines.entries()) {
    // each at another time, so that they do not hide one another where lines meet
    const wanted = Math.floor(((i + 0.5) / lines.length) * starts.length);
    const at = values[wanted] === null ? values.findIndex((value) => value !== null) : wanted;
    const [start, value] = [starts[at], values[at]];
    if (start === undefined || value === null || value === undefined) continue;
    const [x, y] = [valToPos(start, 'x', true), valToPos(value, 'y', true)];
    ctx.fillStyle = colourOf(lineColour(i));
    ctx.beginPath();
    ctx.roundRect(x - size / 2, y - size / 2, size, size, 0.28 * size);
    ctx.fill();
    ctx.fillStyle = colourOf('--surface');
    ctx.fillText(String(i + 1), x, y);
  }
  ctx.restore();
}

/** The ground of what may still change. @param {import('uplot').default} u @param {Lines} lines */
export function hatch({ ctx, bbox, valToPos }, { provisionalFrom, end }) {
  if (provisionalFrom >= end) return;
  const left = Math.max(bbox.left, valToPos(provisionalFrom, 'x', true));
  const width = bbox.left + bbox.width - left;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colourOf('--hatch');
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const gap = GAP * devicePixelRatio;
  // counted from the left edge of the chart, so that the hatch stands still while its beginning moves
  const from = bbox.left + Math.floor((left - bbox.left - bbox.height) / gap) * gap;
  for (let x = from; x < left + width; x += gap) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}
