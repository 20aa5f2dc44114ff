/**
 * The administrator's dialogs: publish, inspect a channel, disconnect a client.
 */

import { byId, element, isolated } from './dom.js';
import { counted } from './format.js';

const LAST = 20;

function prepare(id) {
  const dialog = byId(id);
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
  return dialog;
}

/**
 * Runs `act` on submit with the button disabled, and shows the result. `once`:
 * hides the button on success.
 */
function onSubmit(dialog, result, act, { once = false } = {}) {
  const form = dialog.querySelector('form');
  const button = form.querySelector('[type=submit]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    result.classList.remove('wrong');
    try {
      result.textContent = await act();
      if (once) {
        button.hidden = true;
        form.querySelector('[data-close]').textContent = 'Close';
        form.querySelector('[data-close]').focus();
        return;
      }
    } catch (error) {
      result.classList.add('wrong');
      result.textContent = error.message;
    }
    button.disabled = false;
  });
}

export class Dialogs {
  #api = null;
  #publish = prepare('publish');
  #inside = prepare('inside');
  #disconnect = prepare('disconnect');
  #client = '';

  constructor() {
    onSubmit(this.#publish, byId('publish-result'), () => this.#sendMessage());
    onSubmit(this.#disconnect, byId('disconnect-result'), () => this.#close(), { once: true });
    byId('publish-any').addEventListener('click', () => this.publish(''));
  }

  use(api) {
    this.#api = api;
    if (!api) for (const dialog of [this.#publish, this.#inside, this.#disconnect]) dialog.close();
  }

  publish(channel) {
    byId('publish-channel').value = channel;
    byId('publish-result').textContent = '';
    this.#publish.showModal();
    byId(channel ? 'publish-payload' : 'publish-channel').focus();
  }

  async #sendMessage() {
    let payload;
    try {
      payload = JSON.parse(byId('publish-payload').value);
    } catch (error) {
      throw new Error(`The payload is not JSON: ${error.message}`);
    }
    const { channel, offset } = await this.#api.publish(byId('publish-channel').value, payload);
    return `Published to ${channel}, with offset ${offset}.`;
  }

  async lookInto(channel) {
    byId('inside-title').textContent = `Channel ${channel}`;
    byId('inside-note').textContent = 'Asking …';
    byId('inside-members').textContent = '';
    byId('inside-messages').replaceChildren();
    this.#inside.showModal();
    await Promise.all([this.#showMembers(channel), this.#showMessages(channel)]);
  }

  async #showMembers(channel) {
    const at = byId('inside-members');
    try {
      const { clients } = await this.#api.presence(channel);
      at.textContent = clients.length
        ? clients.map(({ client, connections }) => `${isolated(client)}${connections === 1 ? '' : ` (${connections})`}`).join(', ')
        : 'Nobody.';
    } catch (error) {
      at.textContent = error.message;
    }
  }

  async #showMessages(channel) {
    const note = byId('inside-note');
    try {
      const { messages, offset, epoch } = await this.#api.history(channel, LAST);
      note.textContent = messages.length
        ? `The last ${messages.length}, newest first; the channel is at offset ${offset} of epoch ${epoch}.`
        : `No history; the channel is at offset ${offset}.`;
      byId('inside-messages').replaceChildren(...messages.reverse().map(({ from, payload, offset: number, time }) => (
        element('li', {}, element('p', { class: 'note' },
          `${number} · ${new Date(time).toLocaleTimeString()} · ${from ? isolated(from) : 'a backend'}`),
        element('pre', {}, JSON.stringify(payload, null, 1))))));
    } catch (error) {
      note.textContent = error.message;
    }
  }

  disconnect(client) {
    this.#client = client;
    byId('disconnect-what').textContent = `Closes all connections of ${isolated(client)} on every instance, with code 4403. `
      + 'The client can connect again if it still has a token.';
    byId('disconnect-reason').value = '';
    byId('disconnect-result').textContent = '';
    const submit = this.#disconnect.querySelector('[type=submit]');
    submit.hidden = submit.disabled = false;
    this.#disconnect.querySelector('[data-close]').textContent = 'Cancel';
    this.#disconnect.showModal();
  }

  async #close() {
    const { instances, connectionCount } = await this.#api.disconnect(this.#client, byId('disconnect-reason').value);
    const others = instances > 1 ? `, and the request was sent to ${counted(instances - 1, 'other instance')}` : '';
    return `${isolated(this.#client)} is disconnected: ${counted(connectionCount, 'connection')} closed on this instance${others}.`;
  }
}
