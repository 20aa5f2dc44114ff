/**
 * A table that is updated every second. Rows are identified by a key. Their
 * order is frozen while the pointer or the focus is in the table, so that no
 * row moves away from the user.
 */

import { element, setText } from './dom.js';

export class Table {
  #table;
  #columns;
  #body = element('tbody');
  #rows = new Map(); // key -> {row, cells, item}
  #keyOf;
  #heads = [];
  order = null;

  /**
   * columns: {name, text(item), order?, number?, short?, long?} or {name, buttons: [{name, label(item), run(item)}], none?(item)};
   * `none`: the text shown in place of the buttons
   * onOrder: called when the user sorts by another column.
   */
  constructor(table, { caption, keyOf, columns, order, onOrder }) {
    this.#table = table;
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.order = order;
    this.#heads = columns.map((column) => this.#head(column, onOrder));
    table.append(element('caption', { class: 'hidden' }, caption), element('thead', {}, element('tr', {}, ...this.#heads)), this.#body);
    this.#markOrder();
  }

  #head({ name, order, number }, onOrder) {
    const head = element('th', { scope: 'col', ...(number && { class: 'number' }) });
    if (!order) {
      head.append(name);
      return head;
    }
    const button = element('button', { type: 'button' }, name, element('span', { 'aria-hidden': 'true' }, '▾'));
    button.addEventListener('click', () => {
      this.order = order;
      this.#markOrder();
      onOrder(order);
    });
    head.append(button);
    return head;
  }

  #markOrder() {
    this.#columns.forEach(({ order }, i) => {
      if (!order) return;
      this.#heads[i].setAttribute('aria-sort', order === this.order ? 'descending' : 'none');
    });
  }

  get isHeld() {
    return this.#body.contains(document.activeElement) || this.#body.matches(':hover');
  }

  /** @param items sorted; `empty`: the text for an empty table. */
  fill(items, empty) {
    const seen = new Set();
    const isHeld = this.isHeld;
    let after = null;
    for (const item of items) {
      const key = this.#keyOf(item);
      const kept = this.#rows.get(key) ?? this.#add(key);
      seen.add(key);
      kept.item = item;
      this.#write(kept);
      if (!isHeld) this.#place(kept.row, after);
      else if (!kept.row.isConnected) this.#body.append(kept.row);
      after = kept.row;
    }
    this.#forget(seen);
    this.#tellEmpty(items.length ? '' : empty);
  }

  #place(row, after) {
    const wanted = after ? after.nextSibling : this.#body.firstChild;
    if (wanted !== row) this.#body.insertBefore(row, wanted);
  }

  #add(key) {
    const kept = { item: null, cells: [] };
    kept.row = element('tr', {}, ...this.#columns.map((column, i) => {
      const look = ['number', 'short', 'long'].find((one) => column[one]);
      const cell = element(i ? 'td' : 'th', { ...(!i && { scope: 'row' }), ...(look && { class: look }) });
      kept.cells.push(column.buttons ? this.#buttons(cell, column, kept) : cell);
      return cell;
    }));
    this.#rows.set(key, kept);
    return kept;
  }

  #buttons(cell, { buttons }, kept) {
    cell.append(...buttons.map(({ name, run }) => {
      const button = element('button', { type: 'button', class: 'quiet' }, name);
      button.addEventListener('click', () => run(kept.item));
      return button;
    }), element('span', { class: 'note' }));
    return cell;
  }

  #write({ cells, item }) {
    this.#columns.forEach(({ text, buttons, none }, i) => {
      if (!buttons) {
        setText(cells[i], text(item));
        return;
      }
      const instead = none?.(item) || '';
      setText(cells[i].lastChild, instead);
      buttons.forEach(({ label }, j) => {
        cells[i].children[j].hidden = Boolean(instead);
        cells[i].children[j].setAttribute('aria-label', label(item));
      });
    });
  }

  #forget(seen) {
    for (const [key, { row }] of this.#rows) {
      if (seen.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
  }

  #tellEmpty(text) {
    let row = this.#body.querySelector('tr.empty');
    if (!text) {
      row?.remove();
      return;
    }
    if (!row) {
      row = element('tr', { class: 'empty' }, element('td', { colspan: this.#columns.length }));
      this.#body.append(row);
    }
    setText(row.firstChild, text);
  }
}
