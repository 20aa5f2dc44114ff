/** Names: of clients and channels, and where the page keeps them. */

const FIRST = ['amber', 'brave', 'bright', 'calm', 'clever', 'coral', 'cosy', 'daring', 'eager',
  'fair', 'gentle', 'golden', 'happy', 'honest', 'jolly', 'keen', 'kind', 'lively', 'lucky', 'merry',
  'mossy', 'neat', 'noble', 'proud', 'quick', 'quiet', 'silver', 'smart', 'sunny', 'swift', 'warm',
  'witty'];
const SECOND = ['badger', 'beaver', 'bison', 'crane', 'deer', 'dolphin', 'falcon', 'finch', 'fox',
  'gecko', 'hare', 'heron', 'ibex', 'jay', 'koala', 'lark', 'lynx', 'marten', 'mole', 'newt',
  'otter', 'owl', 'panda', 'puffin', 'raven', 'robin', 'seal', 'stork', 'swan', 'tern', 'wolf',
  'wren'];

const pick = (words) => words[Math.floor(Math.random() * words.length)];

/** One tab, one name: two windows side by side are two people at once. */
export function ownName() {
  const asked = new URLSearchParams(location.hash.slice(1)).get('name');
  const name = asked || sessionStorage.getItem('peal-name') || `${pick(FIRST)}-${pick(SECOND)}`;
  keepName(name);
  return name;
}

export function keepName(name) {
  sessionStorage.setItem('peal-name', name);
}

/**
 * Of `#channel=lobby&channel=dev&show=dev`; such an address can be shared.
 * @returns {{channels: string[], shown: string | undefined}}
 */
export function channelsInAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const shown = hash.get('show') ?? undefined;
  const channels = [...hash.getAll('channel'), shown].filter(Boolean);
  return { channels: [...new Set(channels)], shown: shown ?? channels[0] };
}

/** Without the name: who follows the link is someone else. */
export function keepChannels(channels, shown) {
  const hash = new URLSearchParams(channels.map((channel) => ['channel', channel]));
  if (shown !== channels[0]) hash.set('show', shown);
  history.replaceState(null, '', `#${hash}`);
}

/** Who a token is for; the server lets it connect under no other name. */
export function nameInToken(token) {
  try {
    const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(base64)).sub ?? null;
  } catch {
    return null;
  }
}
