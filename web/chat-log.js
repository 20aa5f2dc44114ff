/**
 * What one channel's page shows: messages in the channel's order, marks where
 * something may be missing, and own messages still on their way. Everything
 * that came over the wire is set as text, never as markup.
 */

const GROUP_WITHIN = 5 * 60_000; // one head for messages this close together
const KEEP = 500; // older lines leave the page
const NEAR_END = 80; // px: whoever reads this close to the end is carried along

const timeOf = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayOf = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** A round sign with initials, in a colour that belongs to the name. */
export function avatar(name, element = make('span', 'avatar')) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 1_000_003;
  const words = name.split(/[^A-Za-z0-9]+/).filter(Boolean);
  element.textContent = words.slice(0, 2).map((word) => word[0]).join('').toUpperCase() || '?';
  element.style.setProperty('--hue', (hash * 137) % 360);
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
  #own; // is this client's name mine?
  #epoch = null;
  #reading = false; // scrolled up: then nothing may move the text
  #generation = 0; // counts epochs: offsets compare only within one

  /**
   * @param {string} channel
   * @param {(client: string) => boolean} own
   */
  constructor(channel, own) {
    this.#own = own;
    this.element = make('ol', 'log');
    this.element.setAttribute('role', 'log');
    this.element.setAttribute('aria-label', `Messages in ${channel}`);
    this.element.tabIndex = 0;
    this.waiting = new Map(); // tag -> own message on its way
    this.element.addEventListener('scroll', () => (this.#reading = !this.atEnd), { passive: true });
    new ResizeObserver(() => this.#reading || this.toEnd()).observe(this.element);
  }

  /** A new epoch numbers its messages anew; what is shown stays above them. */
  startEpoch(epoch) {
    if (epoch !== this.#epoch) this.#generation += 1;
    this.#epoch = epoch;
  }

  /** @returns {boolean} false if it was there already */
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

  /** A line of ours between the messages, such as a gap. */
  mark(kind, text) {
    const last = this.#lines.at(-1);
    const offset = last?.generation === this.#generation ? last.offset : -1;
    const element = make('li', `mark ${kind}`);
    element.append(make('span', '', text));
    this.#insert({ offset, element });
    if (!this.#reading) this.toEnd();
  }

  /**
   * Shows an own message before the server has it.
   * @returns {{arrived: () => void, failed: (why: string, retry: () => void) => void}}
   */
  expect(text, tag, from) {
    const element = this.#messageElement({ from, payload: text, time: Date.now() }, true);
    element.classList.add('pending');
    const note = make('p', 'note', 'Sending …');
    element.querySelector('.body').append(note);
    this.element.append(element);
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

  /** How a line stands to an offset of the current epoch: -1 before, 0, 1. */
  #place(line, offset) {
    if (line.generation !== this.#generation) return -1;
    return Math.sign(line.offset - offset);
  }

  #insert(line) {
    line.generation = this.#generation;
    let index = this.#lines.length;
    while (index > 0 && this.#place(this.#lines[index - 1], line.offset) > 0) index -= 1;
    const next = this.#lines[index];
    const pending = this.element.querySelector('.pending');
    this.element.insertBefore(line.element, next?.element ?? pending);
    this.#lines.splice(index, 0, line);
    this.#group(index);
    this.#group(index + 1);
  }

  /** Says day and name only where they change. */
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

  #trim() {
    while (this.#lines.length > KEEP) this.#lines.shift().element.remove();
    this.#group(0);
  }

  #messageElement({ from = 'server', payload, time }, own) {
    const element = make('li', own ? 'msg own' : 'msg');
    const body = make('div', 'body');
    const head = make('p', 'meta');
    const name = make('b', '', own ? `${from} (you)` : from);
    const when = make('time', '', timeOf.format(time));
    when.dateTime = new Date(time).toISOString();
    when.title = new Date(time).toLocaleString();
    head.append(name, ' ', when);
    const text = make('p', 'text');
    fillWithLinks(text, textOf(payload));
    body.append(head, text);
    element.append(avatar(from), body);
    return element;
  }
}
