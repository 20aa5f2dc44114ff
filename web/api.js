// Builds the page from openapi.json. Texts go in as texts, never as HTML.

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

function fields(doc, title, rows) {
  if (!rows.length) return [];
  const body = element('tbody');
  for (const { name, schema, required, note } of rows) {
    const text = note ?? find(doc, schema).description ?? '';
    body.append(element('tr', {},
      element('th', { scope: 'row' }, element('code', {}, name)),
      element('td', {}, typeOf(doc, schema) + (required ? '' : ', optional')),
      prose('td', text)));
  }
  return [element('h3', {}, title), element('table', {}, body)];
}

const PLACES = [['path', 'In the path'], ['query', 'In the query'], ['header', 'Headers']];

/** One table for each place, since a name may stand in several of them. */
function questions(doc, operation) {
  const parameters = (operation.parameters ?? []).map((parameter) => ({ ...parameter, note: parameter.description }));
  const schema = operation.requestBody?.content['application/json'].schema;
  const members = Object.entries(schema?.properties ?? {})
    .map(([name, value]) => ({ name, schema: value, required: schema.required?.includes(name) ?? false }));
  return [
    ...PLACES.flatMap(([place, title]) => fields(doc, title, parameters.filter((one) => one.in === place))),
    ...fields(doc, 'Body, as JSON', members),
  ];
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The operation's example as a command to paste. */
function curl(path, operation) {
  const body = operation.requestBody?.content['application/json'].example;
  const filled = (operation.parameters ?? []).filter((one) => one.in === 'path')
    .reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(example)), path);
  return [
    `curl ${quoted(new URL(`.${filled}`, document.baseURI).href)}`,
    "-H \"Authorization: Bearer $PEAL_API_KEY\"",
    ...(body ? ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`] : []),
  ].join(' \\\n  ');
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

const methodOf = (method) => element('span', { class: 'method' }, method.toUpperCase());

function show(doc, path, method, operation) {
  const good = operation.responses[200].content['application/json'].example;
  return element('section', { id: operation.operationId },
    element('h2', {}, methodOf(method), ' ', element('code', {}, path)),
    element('p', {}, operation.summary),
    prose('p', operation.description),
    ...questions(doc, operation),
    element('h3', {}, 'Example'), element('pre', {}, element('code', {}, curl(path, operation))),
    element('h3', {}, 'Response'), json(good),
    element('h3', {}, 'Statuses'), answers(doc, operation));
}

function authentication(doc) {
  return element('section', { id: 'authentication' },
    element('h2', {}, 'Authentication'),
    prose('p', doc.components.securitySchemes.key.description),
    element('pre', {}, element('code', {}, 'Authorization: Bearer YOUR_API_KEY')),
    prose('p', 'The examples on this page read the key from the environment variable `PEAL_API_KEY` of your shell.'));
}

function build(doc) {
  const list = element('ul');
  const sections = [];
  // The page is for backends: paths for users stand in the document alone.
  const paths = Object.entries(doc.paths).filter(([path]) => path.startsWith('/api/'));
  for (const [path, methods] of paths) {
    for (const [method, operation] of Object.entries(methods)) {
      const link = element('a', { href: `#${operation.operationId}` }, methodOf(method), ' ', element('code', {}, path));
      list.append(element('li', {}, link));
      sections.push(show(doc, path, method, operation));
    }
  }
  page.replaceChildren(element('h1', {}, doc.info.title), prose('p', doc.info.description),
    element('p', {}, 'For programs: ', element('a', { href: 'openapi.json' }, 'openapi.json'), ' (OpenAPI 3.1).'),
    authentication(doc), element('nav', { 'aria-label': 'Paths' }, list), ...sections);
}

try {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  build(await response.json());
} catch (error) {
  page.replaceChildren(element('p', { role: 'alert' }, `The description cannot be loaded: ${error.message}`));
}
page.setAttribute('aria-busy', 'false');
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
