/**
 * The log of one channel: messages in the channel's order, marks where messages
 * may be missing, and the user's messages that are not acknowledged yet.
 * Received content is inserted as text, never as markup.
 */

import { colourOf } from './chat-names.js';

const GROUP_WITHIN = 5 * 60_000; // messages closer than this share one heading
const KEEP = 500; // older lines are removed
const NEAR_END = 80; // px: this close to the end, new messages scroll the log

const timeOf = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayOf = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** A circle with initials, in the colour of the name. */
export function avatar(name, element = make('span', 'avatar')) {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  element.textContent = words.slice(0, 2).map(([first]) => first).join('').toUpperCase() || '?';
  element.dataset.colour = colourOf(name);
  element.setAttribute('aria-hidden', 'true');
  return element;
}

/** Our own messages are {text, tag}; others may send any JSON. */
export function textOf(payload) {
  if (typeof payload === 'string') return payload;
  if (typeof payload?.text === 'string') return payload.text;
  return JSON.stringify(payload);
}

function fillWithLinks(element, text) {
  for (const part of text.split(/(https?:\/\/[^\s<>"]+)/)) {
    if (!URL.canParse(part) || !/^https?:/.test(part)) {
      element.append(part);
      continue;
    }
    const link = make('a', '', part);
    link.href = part;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    element.append(link);
  }
}

export class ChannelLog {
  #lines = []; // in order; see #insert
  #list; // their elements
  #own; // whether a client is this user
  #nameOf;
  #epoch = null;
  #reading = false; // scrolled up: new messages must not scroll the log
  #generation = 0; // counts epochs: offsets are comparable only within an epoch

  /**
   * @param {string} channel
   * @param {(client: string) => boolean} own
   * @param {(client: string) => string} [nameOf] the display name of a client
   */
  constructor(channel, own, nameOf = (client) => client) {
    this.#own = own;
    this.#nameOf = nameOf;
    this.#list = make('ol');
    this.element = make('div', 'log'); // one element cannot be both a list and a log
    this.element.setAttribute('role', 'log');
    this.element.setAttribute('aria-label', `Messages in ${channel}`);
    this.element.tabIndex = 0;
    this.element.append(this.#list);
    this.waiting = new Map(); // tag -> the user's unacknowledged message
    this.element.addEventListener('scroll', () => (this.#reading = !this.atEnd), { passive: true });
    new ResizeObserver(() => this.#reading || this.toEnd()).observe(this.element);
  }

  /**
   * Offsets restart in a new epoch; its messages go below the existing ones.
   */
  startEpoch(epoch) {
    if (epoch !== this.#epoch) this.#generation += 1;
    this.#epoch = epoch;
  }

  /** @returns {boolean} false if the message was already shown */
  add(message) {
    const { offset, payload } = message;
    if (this.#lines.some((line) => line.message && this.#place(line, offset) === 0)) return false;
    const own = this.#own(message.from);
    if (own) this.waiting.get(payload?.tag)?.arrived();
    this.#insert({ offset, message, element: this.#messageElement(message, own) });
    this.#trim();
    if (!this.#reading || own) this.toEnd();
    return true;
  }

  /** Inserts a notice between the messages, such as a gap. */
  mark(kind, text) {
    const last = this.#lines.at(-1);
    const offset = last?.generation === this.#generation ? last.offset : -1;
    const element = make('li', `mark ${kind}`);
    element.append(make('span', '', text));
    this.#insert({ offset, element });
    if (!this.#reading) this.toEnd();
  }

  /**
   * Shows the user's message before the server acknowledges it.
   * @returns {{arrived: () => void, failed: (why: string, retry: () => void) => void}}
   */
  expect(text, tag, from) {
    const element = this.#messageElement({ from, payload: text, time: Date.now() }, true);
    element.classList.add('pending');
    const note = make('p', 'note', 'Sending …');
    element.querySelector('.body').append(note);
    this.#list.append(element);
    this.toEnd();
    const arrived = () => {
      this.waiting.delete(tag);
      element.remove();
    };
    const failed = (why, retry) => {
      element.classList.add('failed');
      note.textContent = why;
      const again = make('button', 'quiet', 'Send again');
      const discard = make('button', 'quiet', 'Discard');
      again.addEventListener('click', () => {
        arrived();
        retry();
      });
      discard.addEventListener('click', arrived);
      note.append(again, discard);
    };
    const line = { arrived, failed };
    this.waiting.set(tag, line);
    return line;
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  toEnd() {
    this.#reading = false;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /**
   * Compares a line with an offset of the current epoch: -1 (before), 0 or 1.
   */
  #place(line, offset) {
    if (line.generation !== this.#generation) return -1;
    return Math.sign(line.offset - offset);
  }

  #insert(line) {
    line.generation = this.#generation;
    let index = this.#lines.length;
    while (index > 0 && this.#place(this.#lines[index - 1], line.offset) > 0) index -= 1;
    const next = this.#lines[index];
    const pending = this.#list.querySelector('.pending');
    this.#list.insertBefore(line.element, next?.element ?? pending);
    this.#lines.splice(index, 0, line);
    this.#group(index);
    this.#group(index + 1);
  }

  /** Shows the day and the name only if they differ from the message before. */
  #group(index) {
    const line = this.#lines[index];
    if (!line?.message) return;
    const earlier = this.#lines.slice(0, index).findLast((each) => each.message);
    const day = dayOf.format(line.message.time);
    const sameDay = earlier && dayOf.format(earlier.message.time) === day;
    const beside = this.#lines[index - 1]?.message;
    const { classList, dataset } = line.element;
    if (sameDay) delete dataset.day;
    else dataset.day = day;
    classList.toggle(
      'grouped',
      Boolean(beside && sameDay && beside.from === line.message.from) &&
        line.message.time - beside.time < GROUP_WITHIN,
    );
  }

  /** Updates the display names. */
  showNames() {
    for (const name of this.element.querySelectorAll('b[data-client]')) {
      const shown = this.#nameOf(name.dataset.client);
      if (shown === name.textContent) continue;
      name.textContent = shown;
      avatar(shown, name.closest('.msg').querySelector('.avatar'));
    }
  }

  #trim() {
    while (this.#lines.length > KEEP) this.#lines.shift().element.remove();
    this.#group(0);
  }

  #messageElement({ from = 'server', payload, time }, own) {
    const element = make('li', own ? 'msg own' : 'msg');
    const body = make('div', 'body');
    const head = make('p', 'meta');
    const name = make('b', '', this.#nameOf(from));
    name.dataset.client = from;
    name.dir = 'auto';
    const when = make('time', '', timeOf.format(time));
    when.dateTime = new Date(time).toISOString();
    when.title = new Date(time).toLocaleString();
    head.append(name, own ? ' (you)\u2002' : '\u2002', when);
    const text = make('p', 'text');
    text.dir = 'auto';
    fillWithLinks(text, textOf(payload));
    body.append(head, text);
    element.append(avatar(this.#nameOf(from)), body);
    return element;
  }
}
