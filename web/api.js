// Builds the page from openapi.json. Inserts text as text nodes, never as HTML.

const page = document.getElementById('page');

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Turns `code` between backticks into an element.
function prose(name, text) {
  const parts = text.split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part));
  return element(name, {}, ...parts);
}

function json(value) {
  return element('pre', {}, element('code', {}, JSON.stringify(value)));
}

// Resolves "#/components/..." references.
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

/** One table per location, because a name may occur in several of them. */
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

/**
 * By the strongest allowed credential: the header value in examples, and the
 * text.
 */
const CREDENTIALS = {
  none: ['', 'none.'],
  key: ['$PEAL_API_KEY', 'API key.'],
  user: ['$ACCESS_TOKEN', 'access token of a user.'],
  both: ['$PEAL_API_KEY', 'API key, or access token of a user.'],
};

function credentials(doc, operation) {
  const allowed = operation.security ?? doc.security;
  const has = (name) => allowed.some((one) => name in one);
  if (!Object.keys(allowed[0]).length) return CREDENTIALS.none;
  if (has('key') && has('user')) return CREDENTIALS.both;
  return has('key') ? CREDENTIALS.key : CREDENTIALS.user;
}

/** The operation's example as a curl command. */
function curl(doc, path, method, operation) {
  const body = operation.requestBody?.content['application/json'].example;
  const [secret] = credentials(doc, operation);
  const filled = (operation.parameters ?? []).filter((one) => one.in === 'path')
    .reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(example)), path);
  return [
    `curl ${method === (body ? 'post' : 'get') ? '' : `-X ${method.toUpperCase()} `}`
      + quoted(new URL(`.${filled}`, document.baseURI).href),
    ...(secret ? [`-H "Authorization: Bearer ${secret}"`] : []),
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

/** The response on success. */
function good(operation) {
  const [status, { content }] = Object.entries(operation.responses).find(([code]) => code.startsWith('2'));
  return content ? json(content['application/json'].example) : element('p', {}, `${status}, without a body`);
}

function show(doc, path, method, operation) {
  return element('section', { id: operation.operationId },
    element('h2', {}, methodOf(method), ' ', element('code', {}, path)),
    element('p', {}, operation.summary),
    prose('p', operation.description),
    element('p', {}, `Authentication: ${credentials(doc, operation)[1]}`),
    ...questions(doc, operation),
    element('h3', {}, 'Example'), element('pre', {}, element('code', {}, curl(doc, path, method, operation))),
    element('h3', {}, 'Response'), good(operation),
    element('h3', {}, 'Statuses'), answers(doc, operation));
}

function authentication(doc) {
  return element('section', { id: 'authentication' },
    element('h2', {}, 'Authentication'),
    prose('p', doc.components.securitySchemes.key.description),
    element('pre', {}, element('code', {}, 'Authorization: Bearer YOUR_API_KEY')),
    prose('p', 'The examples on this page read the key from the environment variable `PEAL_API_KEY` of your shell.'),
    prose('p', `Users who signed up here send their own token in the same header. ${
      doc.components.securitySchemes.user.description} The examples read it from \`ACCESS_TOKEN\`.`));
}

const GROUPS = [
  ['For backends', (path) => path.startsWith('/api/')],
  ['Users who sign up here', (path) => !path.startsWith('/api/')],
];

function build(doc) {
  const groups = [];
  const sections = [];
  for (const [title, fits] of GROUPS) {
    const list = element('ul');
    groups.push(element('h2', {}, title), list);
    for (const [path, methods] of Object.entries(doc.paths).filter(([path]) => fits(path))) {
      for (const [method, operation] of Object.entries(methods)) {
        const link = element('a', { href: `#${operation.operationId}` }, methodOf(method), ' ', element('code', {}, path));
        list.append(element('li', {}, link));
        sections.push(show(doc, path, method, operation));
      }
    }
  }
  page.replaceChildren(element('h1', {}, doc.info.title), prose('p', doc.info.description),
    element('p', {}, 'For programs: ', element('a', { href: 'openapi.json' }, 'openapi.json'), ' (OpenAPI 3.1).'),
    authentication(doc), element('nav', { 'aria-label': 'Paths' }, ...groups), ...sections);
}

try {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  build(await response.json());
} catch (error) {
  page.replaceChildren(element('p', { role: 'alert' }, `openapi.json could not be loaded: ${error.message}`));
}
page.setAttribute('aria-busy', 'false');
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
