/**
 * Creates elements. Inserts text as text nodes: names and payloads are
 * untrusted.
 */

/** Isolates a name so that its text direction does not affect the sentence. */
export const isolated = (name) => (/^[ -~]*$/.test(name) ? name : `\u2068${name}\u2069`);

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Writes only a changed text, so that screen readers do not repeat it. */
export function setText(at, text) {
  if (at.textContent !== String(text)) at.textContent = text;
}
