/** The HTTP API, called with the key used to sign in. */

export class Refused extends Error {
  constructor(status, message, field) {
    super(message);
    this.status = status; // 0: no response
    this.field = field;
  }
}

export class Api {
  #key;

  constructor(key) {
    this.#key = key;
  }

  publish = (channel, payload) => this.#ask('publish', { channel, payload });
  disconnect = (client, reason) => this.#ask('disconnect', { client, ...(reason && { reason }) });
  ticket = async (client) => (await this.#ask('dashboard', { client })).ticket;
  history = (channel, limit) => this.#ask(`channels/${encodeURIComponent(channel)}/history?limit=${limit}`);
  presence = (channel) => this.#ask(`channels/${encodeURIComponent(channel)}/presence`);

  async #ask(path, body) {
    const headers = { Authorization: `Bearer ${this.#key}` };
    if (body) headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(new URL(`api/${path}`, document.baseURI), {
        method: body ? 'POST' : 'GET',
        headers,
        body: body && JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
      });
    } catch {
      throw new Refused(0, 'The server does not respond');
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refused(response.status, answer.error ?? response.statusText, answer.field);
  }
}
