/** What an administrator may do: publish, look into a channel, put a client out. */

import { byId, element } from './dom.js';

const LAST = 20;

function prepare(id) {
  const dialog = byId(id);
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
  return dialog;
}

/** Runs `act` when the form is sent, its button off meanwhile; tells what became of it. */
function onSubmit(dialog, result, act) {
  const form = dialog.querySelector('form');
  const button = form.querySelector('[type=submit]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    result.classList.remove('wrong');
    try {
      result.textContent = await act();
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
  #putOut = prepare('put-out');
  #client = '';

  constructor() {
    onSubmit(this.#publish, byId('publish-result'), () => this.#sendMessage());
    onSubmit(this.#putOut, byId('put-out-result'), () => this.#sendOut());
    byId('publish-any').addEventListener('click', () => this.publish(''));
  }

  use(api) {
    this.#api = api;
    if (!api) for (const dialog of [this.#publish, this.#inside, this.#putOut]) dialog.close();
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
        ? clients.map(({ client, connections }) => (connections > 1 ? `${client} (${connections})` : client)).join(', ')
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
        ? `The last ${messages.length}, the newest first; the channel stands at offset ${offset} of epoch ${epoch}.`
        : `Nothing is kept; the channel stands at offset ${offset}.`;
      byId('inside-messages').replaceChildren(...messages.reverse().map(({ from, payload, offset: number, time }) => (
        element('li', {}, element('p', { class: 'note' },
          `${number} · ${new Date(time).toLocaleTimeString()} · ${from ?? 'a backend'}`),
        element('pre', {}, JSON.stringify(payload, null, 1))))));
    } catch (error) {
      note.textContent = error.message;
    }
  }

  putOut(client) {
    this.#client = client;
    byId('put-out-what').textContent = `All connections of ${client}, on every instance, are closed with 4403. `
      + 'It may come back if it still has a token.';
    byId('put-out-reason').value = '';
    byId('put-out-result').textContent = '';
    this.#putOut.showModal();
  }

  async #sendOut() {
    const { instances, connectionCount } = await this.#api.disconnect(this.#client, byId('put-out-reason').value);
    return `${this.#client} is put out: ${connectionCount} connections here, ${instances} instances were told.`;
  }
}
