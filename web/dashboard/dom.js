/** Elements made. Texts go in as texts: names and payloads come from anybody. */

/** A name within a sentence: whatever direction it has, the rest keeps its own. */
export const isolated = (name) => (/^[ -~]*$/.test(name) ? name : `\u2068${name}\u2069`);

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Changes a text only when it is another: what is read aloud is not repeated. */
export function setText(at, text) {
  if (at.textContent !== String(text)) at.textContent = text;
}
