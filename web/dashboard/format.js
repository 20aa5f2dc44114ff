/** Formats numbers for display. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const digits = [2, 1, 0].map((maximumFractionDigits) => new Intl.NumberFormat('en', { maximumFractionDigits }));

/**
 * Small values have at most two decimals: more would suggest false precision.
 */
const small = { format: (value) => digits[value < 10 ? 0 : value < 100 ? 1 : 2].format(value) };

export const count = (value) => (value === null ? '–' : whole.format(value));
export const rate = (value) => (value === null ? '–' : (value < 10 ? small : whole).format(value));
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;
export const ms = (value) => (value === null ? '–' : `${small.format(value)} ms`);
export const percent = (value) => (value === null ? '–' : `${small.format(value)} %`);

export function bytes(value) {
  if (value === null) return '–';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${small.format(value)} ${units[unit]}`;
}

export function duration(seconds) {
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = Math.min(parts.findIndex(([size]) => seconds >= size) >>> 0, 3);
  const [size, name] = parts[at];
  const rest = at < 3 ? Math.floor((seconds % size) / parts[at + 1][0]) : 0;
  return `${Math.floor(seconds / size)} ${name}${rest ? ` ${rest} ${parts[at + 1][1]}` : ''}`;
}
