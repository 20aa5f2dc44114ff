/** The dashboard: signs in and shows the feed. */

import { Api } from './api.js';
import { Dialogs } from './dialogs.js';
import { byId, setText } from './dom.js';
import { Feed } from './feed.js';
import * as format from './format.js';
import { Metrics } from './metrics.js';
import { Plots } from './plots.js';
import { startTheme } from './theme.js';
import { Views } from './views.js';

const KEPT = 'peal-dashboard-key';

const metrics = new Metrics();
const plots = new Plots(byId('plots'));
const dialogs = new Dialogs();
const views = new Views(dialogs, () => feed?.refresh());
let feed = null;
let hello = null;

function setState(state, text) {
  document.body.dataset.state = state;
  setText(byId('state'), text);
}

function show(look) {
  metrics.add(look);
  plots.add(metrics, look);
  views.show(look, metrics);
  const up = look.time / 1000 - metrics.now.peal_start_time_seconds;
  setText(byId('whose'), `These numbers are from one instance: ${hello.instance}, version ${hello.version}, `
    + `${hello.workers} ${hello.workers === 1 ? 'worker' : 'workers'}, up for ${format.duration(up)}.`);
}

function listen(made) {
  made.addEventListener('open', ({ detail }) => {
    hello = detail;
    views.greet(hello, made.client);
    setState('live', 'Live');
  });
  made.addEventListener('look', ({ detail }) => show(detail));
  made.addEventListener('instances', ({ detail }) => views.showInstances(detail));
  made.addEventListener('connecting', () => setState('waiting', 'Connecting …'));
  made.addEventListener('waiting', ({ detail: { reason, delay } }) => {
    setState('waiting', `Connection lost${reason ? ` (${reason})` : ''}; retrying in ${Math.ceil(delay / 1000)} s`);
  });
  made.addEventListener('refused', ({ detail }) => signOut(detail.message));
}

const WRONG = {
  401: 'Unknown API key.',
  403: 'The key does not have the scope admin.',
  404: 'The dashboard is not served to your address (see the config key dashboard).',
};

async function signIn(key, remember) {
  const api = new Api(key);
  const made = new Feed(api, () => views.wishes());
  listen(made);
  setState('waiting', 'Connecting …');
  try {
    await made.open();
  } catch (error) {
    signOut(WRONG[error.status] ?? error.message);
    return;
  }
  feed = made;
  if (remember) sessionStorage.setItem(KEPT, key);
  dialogs.use(api);
  byId('key').value = '';
  byId('sign-in').hidden = true;
  byId('board').hidden = byId('sign-out').hidden = false;
}

function signOut(why = '') {
  feed?.close();
  feed = null;
  sessionStorage.removeItem(KEPT);
  metrics.clear();
  dialogs.use(null);
  setState('signed-out', 'Signed out');
  byId('board').hidden = byId('sign-out').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-wrong').textContent = why;
  byId('key').focus();
}

startTheme(() => plots.redraw());
byId('sign-out').addEventListener('click', () => signOut());
byId('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  signIn(byId('key').value, byId('remember').checked);
});

const kept = sessionStorage.getItem(KEPT);
if (kept) signIn(kept, true);
else byId('key').focus();
