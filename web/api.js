// Makes a page to read out of openapi.json. Texts go in as texts, never as
// HTML.

const page = document.getElementById('page');

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// `code` between backticks, the rest as it is.
function prose(name, text) {
  const parts = text.split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part));
  return element(name, {}, ...parts);
}

function json(value) {
  return element('pre', {}, element('code', {}, JSON.stringify(value)));
}

// Follows "#/components/...".
function find(doc, value) {
  if (!value.$ref) return value;
  return value.$ref.split('/').slice(1).reduce((at, name) => at[name], doc);
}

function typeOf(doc, schema) {
  const found = find(doc, schema);
  if (found.type === 'array') return `list of ${typeOf(doc, found.items)}`;
  if (found.enum) return found.enum.join(', ');
  return found.type ?? 'any JSON';
}

function fields(doc, rows) {
  const body = element('tbody');
  for (const { name, schema, required, note } of rows) {
    const text = [note, find(doc, schema).description].filter(Boolean).join('; ');
    body.append(element('tr', {},
      element('th', { scope: 'row' }, element('code', {}, name)),
      element('td', {}, typeOf(doc, schema) + (required ? '' : ', optional')),
      prose('td', text)));
  }
  return element('table', {}, body);
}

function questions(doc, operation) {
  const rows = (operation.parameters ?? []).map((parameter) => ({
    name: parameter.name, schema: parameter.schema, required: parameter.required, note: parameter.description,
  }));
  const schema = operation.requestBody?.content['application/json'].schema;
  for (const [name, value] of Object.entries(schema?.properties ?? {})) {
    rows.push({ name, schema: value, required: schema.required.includes(name) });
  }
  return rows.length ? [fields(doc, rows)] : [];
}

function answers(doc, operation) {
  const body = element('tbody');
  for (const [status, response] of Object.entries(operation.responses)) {
    const found = find(doc, response);
    body.append(element('tr', {}, element('th', { scope: 'row' }, status),
      prose('td', found.description)));
  }
  return element('table', {}, body);
}

function show(doc, path, method, operation) {
  const request = operation.requestBody?.content['application/json'].example;
  const good = operation.responses[200].content['application/json'].example;
  return element('section', { id: operation.operationId },
    element('h2', {}, element('span', { class: 'method' }, method.toUpperCase()), ' ', element('code', {}, path)),
    element('p', {}, operation.summary),
    prose('p', operation.description),
    ...questions(doc, operation),
    ...(request ? [element('h3', {}, 'Example'), json(request)] : []),
    element('h3', {}, 'Answer'), json(good),
    element('h3', {}, 'Statuses'), answers(doc, operation));
}

function build(doc) {
  const list = element('ul');
  const sections = [];
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      list.append(element('li', {}, element('a', { href: `#${operation.operationId}` }, path)));
      sections.push(show(doc, path, method, operation));
    }
  }
  page.replaceChildren(element('h1', {}, doc.info.title), prose('p', doc.info.description),
    element('p', {}, 'For programs: ', element('a', { href: 'openapi.json' }, 'openapi.json'), ' (OpenAPI 3.1).'),
    element('nav', { 'aria-label': 'Paths' }, list), ...sections);
}

try {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  build(await response.json());
} catch (error) {
  page.replaceChildren(element('p', { role: 'alert' }, `The description cannot be shown: ${error.message}`));
}
page.setAttribute('aria-busy', 'false');
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
