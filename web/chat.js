/** The demo: a chat page over peal.js. */

import { Peal, clientFlaw } from './peal.js';
import { Account, AccountDialog } from './chat-account.js';
import { ChannelLog, avatar, make } from './chat-log.js';
import { TYPING, Typing } from './chat-typing.js';
import { channelsInAddress, keepChannels, keepNameWhileAway, nameInToken, ownName } from './chat-names.js';

const LOOK_AROUND = 5_000; // ms: interval of member list requests
const WAIT_TO_SEND = 30_000; // ms: how long a message may wait for a connection

const ENDS = {
  1007: 'The server received invalid data from this page.',
  1009: 'The message was too big for the server.',
  4400: 'The server closed the connection after too many bad messages.',
  4401: 'This server requires a token.',
  4403: 'The server does not accept this name.',
  4409: 'This name was taken over by a newer window.',
};

/* Reasons for a wait other than a lost connection. */
const PAUSES = {
  'rate limit': 'This page sent too many messages at once, so the server closed the connection.',
  'too many connections of this client': 'This name has too many connections to the server at once.',
};

const $ = (id) => document.getElementById(id);

let peal;
let token = sessionStorage.getItem('peal-token') ?? undefined;
let name = ownName(token);
let guest = name; // this window's name without an account
let wasOpen = false; // whether a connection opened since the name or token changed
let countdown;
let pause = null; // a text of PAUSES, until the connection opens again
const ownNames = new Set([name]);
const account = new Account(onAccount);
const accountDialog = new AccountDialog(account, document.querySelector('.rail'));
const rooms = new Map(); // channel -> {log, subscription, unread, people, typing, missed}
const names = new Map(); // client -> name from the public info in its token
let current = null; // the shown channel

// The connection. -------------------------------------------------------------

/** Also called for a new name or token; the rooms and their messages stay. */
function start() {
  peal?.close();
  wasOpen = false;
  peal = new Peal({ client: name, token: account.user ? account.token : token, requestTimeout: WAIT_TO_SEND });
  const mine = peal;
  peal.on('state', (event) => mine === peal && showState(event));
  for (const room of rooms.values()) listen(room);
  showMe();
  peal.connect();
}

/** Handles sign-in, sign-out and resolved names. */
function onAccount() {
  accountDialog.show();
  const mine = account.user?.id ?? guest;
  if (mine !== name) {
    name = mine;
    ownNames.add(mine);
    start();
  }
  showNames();
  showMe();
}

/**
 * The display name of a client: from its account, else its token, else its id.
 */
function nameOf(client) {
  const known = account.nameOf(client);
  return known === client ? names.get(client) ?? client : known;
}

function learnName(client, info) {
  if (typeof info?.name !== 'string' || names.get(client) === info.name) return;
  names.set(client, info.name);
  showNames();
}

function showNames() {
  for (const room of rooms.values()) room.log.showNames();
  showPeople();
  showTyping();
}

function listen(room) {
  const since = room.subscription?.position;
  const subscription = peal.subscribe(room.channel, { since });
  room.subscription = subscription;
  room.missed = 0;
  subscription.on('subscribed', ({ epoch }) => {
    room.log.startEpoch(epoch);
    room.missed = 0;
    if (!room.filled) fill(room);
  });
  subscription.on('message', (message) => hear(room, message));
  subscription.on(`event:${TYPING}`, ({ from, time }) => {
    const isNow = Math.abs(Date.now() - time) < WAIT_TO_SEND; // false for a missed event delivered late
    if (from && !ownNames.has(from) && isNow) room.typing.began(from);
  });
  subscription.on('recovered', () => {
    const count = room.missed;
    if (count) room.log.mark('recovered', `Reconnected. ${count} missed ${count > 1 ? 'messages' : 'message'} fetched.`);
  });
  subscription.on('gap', () => {
    room.log.mark('gap', 'Some messages may be missing here.');
    fill(room);
  });
  const { presence } = subscription;
  for (const type of ['sync', 'join', 'leave']) presence.on(type, () => showMembers(room, presence.members));
  presence.on('leave', ({ client }) => room.typing.ended(client));
  presence.on('error', () => {}); // a channel may not disclose its members
  subscription.on('error', ({ message }) => room.log.mark('gap', `Could not join: ${message}`));
}

function hear(room, message) {
  const { from, info, event } = message;
  learnName(from, info);
  if (event === TYPING) return;
  room.typing.ended(from);
  room.missed += 1;
  if (room.log.add(message)) noteUnread(room, message);
  if (from && !room.people.some(({ client }) => client === from)) lookAround();
}

/** Loads the history after joining, and to fill a gap. */
async function fill(room) {
  room.filled = true;
  try {
    const { messages } = await room.subscription.history({ limit: 50 });
    for (const message of messages) {
      learnName(message.from, message.info);
      if (message.event !== TYPING) room.log.add(message);
    }
    room.log.toEnd();
  } catch {
    room.filled = false; // no connection: the next one retries
  }
}

function showState({ state, delay, code, reason, attempt, final }) {
  document.body.dataset.state = state;
  clearInterval(countdown);
  if (state === 'open') {
    wasOpen = true;
    pause = null;
    showPill('Connected');
    showNotice(null);
  } else if (state === 'connecting') {
    showPill(wasOpen ? 'Reconnecting …' : 'Connecting …');
  } else if (state === 'waiting') {
    countDown(delay);
    pause = PAUSES[reason] ?? (attempt > 1 ? pause : null);
    const text = wasOpen
      ? `${pause ?? 'The connection is lost.'} This page reconnects and fetches the messages you missed.`
      : pause ?? 'No connection yet. The server may be down, or may require a token. This page keeps trying.';
    showNotice(pause || attempt > 1 || delay > 1_000 ? text : null, { askForToken: !wasOpen });
  } else if (final) {
    showPill('Disconnected');
    showNotice(ENDS[code] ?? `Disconnected: ${reason || code}`, { askForToken: code === 4401 });
    if (code === 4401) askForToken(reason);
  }
}

function askForToken(reason) {
  if (account.isThere) accountDialog.open();
  else openTokenDialog(reason);
}

function countDown(delay) {
  const until = Date.now() + delay;
  const show = () => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    showPill('Reconnecting', seconds ? ` in ${seconds} s` : ' …');
  };
  show();
  countdown = setInterval(show, 250);
}

/**
 * `eyeOnly` is hidden from screen readers, which would announce every second.
 */
function showPill(text, eyeOnly = '') {
  const pill = $('state');
  if (pill.firstChild?.textContent !== text) pill.replaceChildren(make('span', '', text), make('span'));
  pill.lastChild.setAttribute('aria-hidden', 'true');
  pill.lastChild.textContent = eyeOnly;
}

function showNotice(text, { askForToken = false } = {}) {
  $('notice').hidden = !text;
  $('notice-token').hidden = !askForToken;
  if (text && $('notice-text').textContent !== text) $('notice-text').textContent = text;
}

// Channels. -------------------------------------------------------------------

function join(channel) {
  if (!rooms.has(channel)) {
    const log = new ChannelLog(channel, (client) => ownNames.has(client), nameOf);
    log.element.addEventListener('scroll', () => showLatest(), { passive: true });
    const room = { channel, log, unread: 0, people: [], filled: false, typing: new Typing(showTyping) };
    rooms.set(channel, room);
    $('logs').append(log.element);
    if (peal) listen(room);
  }
  show(channel);
}

function joinAddressed() {
  const { channels, shown } = channelsInAddress();
  for (const channel of channels) join(channel);
  if (shown) show(shown);
  else if (!rooms.size) join('lobby');
}

function leave(channel) {
  const room = rooms.get(channel);
  room.subscription.unsubscribe().catch(() => {}); // without a connection there is nothing to leave
  room.log.element.remove();
  rooms.delete(channel);
  const next = rooms.keys().next().value;
  if (next === undefined) join('lobby');
  else show(next);
  $('text').focus();
}

function show(channel) {
  current = channel;
  const shown = rooms.get(channel);
  shown.unread = 0;
  for (const room of rooms.values()) room.log.element.hidden = room !== shown;
  $('title').textContent = channel;
  $('text').placeholder = `Message ${channel}`;
  $('leave').setAttribute('aria-label', `Leave ${channel}`);
  shown.log.toEnd();
  keepChannels([...rooms.keys()], channel);
  showChannels();
  showPeople();
  showTyping();
  showLatest();
  lookAround();
}

function showChannels() {
  const focused = document.activeElement?.dataset?.channel;
  const items = [...rooms.values()].map(({ channel, unread }) => {
    const button = make('button', 'channel');
    button.type = 'button';
    button.dataset.channel = channel;
    if (channel === current) button.setAttribute('aria-current', 'true');
    button.append(make('span', 'channel-name', channel));
    if (unread) {
      const badge = make('span', 'badge', unread > 99 ? '99+' : String(unread));
      badge.append(make('span', 'hidden', ' unread'));
      button.append(badge);
    }
    const item = make('li');
    item.append(button);
    return item;
  });
  $('channels').replaceChildren(...items);
  if (focused) $('channels').querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  $('channels').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ''}${current} · Peal chat`;
}

function noteUnread(room, message) {
  if (ownNames.has(message.from)) return;
  if (room.channel === current && !document.hidden) {
    showLatest();
    return;
  }
  room.unread += 1;
  showChannels();
}

function showLatest() {
  const log = rooms.get(current)?.log;
  $('latest').hidden = !log || log.atEnd;
}

// Members. --------------------------------------------------------------------

/**
 * Requests the members: channels report joins and leaves only if configured to.
 */
async function lookAround() {
  const { subscription } = rooms.get(current) ?? {};
  if (peal?.state !== 'open' || subscription?.state !== 'subscribed') return;
  const asked = performance.now();
  try {
    await subscription.presence.sync();
    $('state').title = `The last response took ${Math.round(performance.now() - asked)} ms`;
  } catch {
    // the list stays unchanged; the connection state shows the reason
  }
}

function showMembers(room, people) {
  room.people = people;
  for (const { client, info } of people) learnName(client, info);
  if (room.channel === current) showPeople();
}

function showTyping() {
  const text = rooms.get(current)?.typing.text(nameOf) ?? '';
  if ($('typing').textContent !== text) $('typing').textContent = text;
}

function showPeople() {
  const people = [...(rooms.get(current)?.people ?? [])];
  people.sort((a, b) => (b.client === name) - (a.client === name) || a.client.localeCompare(b.client));
  $('here-count').textContent = people.length;
  $('here-list').replaceChildren(
    ...people.map(({ client, connections }) => {
      const item = make('li', 'person');
      const label = make('span', 'person-name');
      const who = make('bdi', '', nameOf(client));
      label.append(who);
      if (client === name) label.append(make('span', 'you', ' you'));
      item.append(avatar(nameOf(client)), label);
      if (connections > 1) {
        const count = make('span', 'connections', `×${connections}`);
        count.title = `${connections} connections`;
        item.append(count);
      }
      return item;
    }),
  );
}

const isHereOpen = () => $('here').classList.contains('open');

/** For narrow windows, which show the list below the header on demand. */
function openHere(open) {
  $('here').classList.toggle('open', open);
  $('here-toggle').setAttribute('aria-expanded', open);
}

function showMe() {
  const shown = nameOf(name);
  avatar(shown, document.querySelector('#me .avatar'));
  document.querySelector('.me-name').replaceChildren(make('bdi', '', shown));
  $('me').disabled = Boolean(account.user);
}

// Writing. --------------------------------------------------------------------

async function send(channel, text) {
  const room = rooms.get(channel);
  room.typing.rest();
  const tag = Math.random().toString(36).slice(2, 10); // identifies the server's copy of a message already shown
  const line = room.log.expect(text, tag, name);
  try {
    await peal.publish(channel, { text, tag });
    line.arrived();
  } catch (error) {
    const why = {
      disconnected: 'Connection lost. The message may or may not have arrived.',
      timeout: 'No response.',
      closed: 'Not connected.',
    }[error.code] ?? `Not sent: ${error.message}.`;
    line.failed(why, () => send(channel, text));
  }
}

function sendText() {
  const field = $('text');
  const text = field.value.trim();
  if (!text) return;
  field.value = '';
  grow();
  send(current, text);
}

/** Grows the field with its text, up to the limit of the style sheet. */
function grow() {
  const field = $('text');
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
}

// Dialogs. --------------------------------------------------------------------

function openNameDialog() {
  $('name').value = name;
  $('name-dialog').showModal();
  $('name').select();
}

function openTokenDialog(reason = '') {
  if ($('token-dialog').open) return;
  $('token-why').textContent = token
    ? `The server refused the token you gave${reason ? `: ${reason}` : ''}.`
    : 'The server accepts only clients with a token. Ask its operator for one.';
  $('token-wrong').textContent = '';
  $('token').value = '';
  $('token-dialog').showModal();
}

function useName(chosen) {
  name = chosen;
  guest = chosen;
  ownNames.add(name);
}

function acceptToken(event) {
  const given = $('token').value.trim();
  const owner = nameInToken(given);
  if (!owner) {
    event.preventDefault();
    $('token-wrong').textContent = 'This is not a valid token: “sub” is missing.';
    return;
  }
  token = given;
  sessionStorage.setItem('peal-token', token);
  useName(owner);
  start();
}

// Wiring. ---------------------------------------------------------------------

function stepChannel(step) {
  const channels = [...rooms.keys()];
  const index = (channels.indexOf(current) + step + channels.length) % channels.length;
  show(channels[index]);
}

$('compose').addEventListener('submit', (event) => {
  event.preventDefault();
  sendText();
});
$('text').addEventListener('input', () => {
  grow();
  const room = rooms.get(current);
  if ($('text').value.trim()) room.typing.say(room.subscription);
});
$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && isHereOpen() && !document.querySelector('dialog[open]')) {
    openHere(false);
    $('here-toggle').focus();
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !event.altKey || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  stepChannel(step);
});
$('channels').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  show(button.dataset.channel);
});
$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  join($('join-name').value.trim());
  $('join').reset();
  $('text').focus();
});
$('leave').addEventListener('click', () => leave(current));
$('latest').addEventListener('click', () => rooms.get(current).log.toEnd());
$('here-toggle').addEventListener('click', () => openHere(!isHereOpen()));
new ResizeObserver(([{ target }]) => {
  $('here').style.setProperty('--below', `${target.getBoundingClientRect().bottom}px`);
}).observe(document.querySelector('.head'));
document.addEventListener('pointerdown', ({ target }) => {
  if (!$('here').contains(target) && !$('here-toggle').contains(target)) openHere(false);
});
$('me').addEventListener('click', openNameDialog);
$('notice-token').addEventListener('click', () => askForToken());
$('notice-retry').addEventListener('click', () => peal.connect());
$('name').addEventListener('input', () => {
  const chosen = $('name').value.trim();
  $('name').setCustomValidity(chosen && clientFlaw(chosen) ? `A name ${clientFlaw(chosen)}.` : '');
});
$('name-dialog').querySelector('form').addEventListener('submit', () => {
  const chosen = $('name').value.trim();
  if (chosen === name) return;
  useName(chosen);
  start();
});
$('token-dialog').querySelector('form').addEventListener('submit', acceptToken);
for (const button of document.querySelectorAll('[data-close]')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}
for (const link of document.querySelectorAll('.skip')) {
  link.addEventListener('click', (event) => {
    event.preventDefault(); // the hash of the address holds the channels
    const target = $(link.hash.slice(1));
    (target.querySelector('button') ?? target).focus();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && current) show(current);
});
window.addEventListener('hashchange', () => {
  joinAddressed();
});
setInterval(() => document.hidden || lookAround(), LOOK_AROUND);

keepNameWhileAway(() => guest);
joinAddressed();
await account.find();
onAccount();
if (!peal) start();
// Not on a touch screen, where the keyboard would cover half the page.
if (matchMedia('(hover: hover)').matches) $('text').focus();
