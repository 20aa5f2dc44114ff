/** Names of clients and channels, and their storage. */

import { channelFlaw, clientFlaw } from './peal.js';

const FIRST = ['amber', 'brave', 'bright', 'calm', 'clever', 'coral', 'cosy', 'daring', 'eager',
  'fair', 'gentle', 'golden', 'happy', 'honest', 'jolly', 'keen', 'kind', 'lively', 'lucky', 'merry',
  'mossy', 'neat', 'noble', 'proud', 'quick', 'quiet', 'silver', 'smart', 'sunny', 'swift', 'warm',
  'witty'];
const SECOND = ['badger', 'beaver', 'bison', 'crane', 'deer', 'dolphin', 'falcon', 'finch', 'fox',
  'gecko', 'hare', 'heron', 'ibex', 'jay', 'koala', 'lark', 'lynx', 'marten', 'mole', 'newt',
  'otter', 'owl', 'panda', 'puffin', 'raven', 'robin', 'seal', 'stork', 'swan', 'tern', 'wolf',
  'wren'];

const KEPT = 'peal-name';

const pick = (words) => words[Math.floor(Math.random() * words.length)];

/**
 * Each window has its own name, so two windows act as two people. The name is
 * stored only while the page is unloaded or frozen, for example during a
 * reload. A duplicated window copies the storage and must not find this
 * window's name.
 */
export function ownName(token) {
  const given = new URLSearchParams(location.hash.slice(1)).get('name');
  const asked = given && !clientFlaw(given) ? given : null;
  const kept = sessionStorage.getItem(KEPT);
  const name = asked || nameInToken(token) || kept || `${pick(FIRST)}-${pick(SECOND)}`;
  sessionStorage.removeItem(KEPT);
  return name;
}

/** @param {() => string} nameNow returns the current name */
export function keepNameWhileAway(nameNow) {
  for (const type of ['pagehide', 'freeze']) addEventListener(type, () => sessionStorage.setItem(KEPT, nameNow()), true);
  for (const type of ['pageshow', 'resume']) addEventListener(type, () => sessionStorage.removeItem(KEPT), true);
}

/** The colours of chat.css, spread evenly. */
const COLOURS = 12;
const colours = new Map(); // name -> colour

/**
 * A name keeps its colour on a page, and has the same one on every page unless
 * another name already uses it there. Names share a colour only if all are
 * used.
 */
export function colourOf(name) {
  if (!colours.has(name)) {
    let hash = 0;
    for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 1_000_003;
    const taken = new Set(colours.values());
    let colour = hash % COLOURS;
    for (let i = 0; i < COLOURS && taken.has(colour); i += 1) colour = (colour + 5) % COLOURS;
    colours.set(name, colour);
  }
  return colours.get(name);
}

/**
 * Reads a shareable address: `#channel=lobby&channel=dev&show=dev`.
 * @returns {{channels: string[], shown: string | undefined}}
 */
export function channelsInAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const isChannel = (name) => name && !channelFlaw(name);
  const shown = [hash.get('show')].find(isChannel);
  const channels = [...hash.getAll('channel'), shown].filter(isChannel);
  return { channels: [...new Set(channels)], shown: shown ?? channels[0] };
}

/** Omits the name, because the link is meant for other people. */
export function keepChannels(channels, shown) {
  const hash = new URLSearchParams(channels.map((channel) => ['channel', channel]));
  if (shown !== channels[0]) hash.set('show', shown);
  history.replaceState(null, '', `#${hash}`);
}

/** The client of a token: the server accepts the token for no other name. */
export function nameInToken(token) {
  try {
    const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    const name = Number.isSafeInteger(sub) ? String(sub) : sub;
    return clientFlaw(name) ? null : name;
  } catch {
    return null;
  }
}
