/**
 * A fake server for FakeSocket with channels: it numbers messages, stores the
 * last few, recovers them, and may lose its data. It answers only on request, so
 * that a test determines the order of events.
 */
export class FakeService {
  #random;
  #epoch = 1;
  #channels = new Map(); // name -> {offset, messages}
  #handled = new Map(); // socket -> number of handled frames
  #members = new Map(); // socket -> names of its channels
  #others = new Map(); // name of a channel -> clients on other connections
  isCalm = false; // without random failures

  /** @param {(bound: number) => number} random an integer below the bound */
  constructor(random) {
    this.#random = random;
  }

  /** Handles the next frame of a socket. @returns whether there was one */
  handle(socket) {
    const at = this.#handled.get(socket) ?? 0;
    const frame = socket.sent[at];
    if (!frame || socket.readyState !== 1) return false;
    this.#handled.set(socket, at + 1);
    this.#answer(socket, frame);
    return true;
  }

  /** Publishes a message of another client. */
  publish(name, sockets) {
    const channel = this.#channel(name);
    channel.offset += 1;
    const message = {
      type: 'broadcast', channel: name, from: 'bob', payload: `${this.#epoch}/${channel.offset}`, offset: channel.offset,
      time: 0,
    };
    channel.messages.push(message);
    if (channel.messages.length > 6) channel.messages.shift();
    for (const socket of sockets) {
      if (this.#has(socket, name)) socket.say(message);
      if (this.#chance(10) && this.#has(socket, name)) socket.say(message); // twice, as between two instances
    }
    return channel.offset;
  }

  /** Stores a message without delivering it. */
  lose(name) {
    this.publish(name, []);
  }

  gap(name, socket) {
    if (this.#has(socket, name)) socket.say({ type: 'gap', channel: name });
  }

  /** Another client joins, or leaves if it is a member. */
  move(name, client, socket) {
    const others = this.others(name);
    const type = others.delete(client) ? 'leave' : 'join';
    if (type === 'join') others.add(client);
    if (this.#has(socket, name)) socket.say({ type, channel: name, client });
  }

  others(name) {
    if (!this.#others.has(name)) this.#others.set(name, new Set());
    return this.#others.get(name);
  }

  positionOf(name) {
    return { epoch: `${this.#epoch}`, offset: this.#channel(name).offset };
  }

  /** A new stream replaces a socket's channels. */
  rejoin(socket, entries) {
    this.#members.delete(socket);
    for (const entry of entries) {
      if (this.#chance(20)) socket.say({ type: 'error', code: 'unavailable', message: '', channel: entry.channel });
      else this.#subscribe(socket, entry);
    }
  }

  takeAway(name, socket) {
    if (this.#membersOf(socket).delete(name)) socket.say({ type: 'unsubscribed', channel: name });
  }

  /** Like a restart after a crash: members and history are lost. */
  forget() {
    this.#epoch += 1;
    this.#channels.clear();
    this.#members.clear();
  }

  #channel(name) {
    if (!this.#channels.has(name)) this.#channels.set(name, { offset: 0, messages: [] });
    return this.#channels.get(name);
  }

  #membersOf(socket) {
    if (!this.#members.has(socket)) this.#members.set(socket, new Set());
    return this.#members.get(socket);
  }

  #has(socket, name) {
    return socket.readyState === 1 && this.#membersOf(socket).has(name);
  }

  #chance(bound) {
    return !this.isCalm && this.#random(bound) === 0;
  }

  #answer(socket, frame) {
    const { type, id, channel } = frame;
    const error = (code, more) => socket.say({ type: 'error', code, message: code, id, ...more });
    if (this.#chance(20)) error('unavailable', frame.channels && {});
    else if (type === 'subscribe') {
      for (const each of frame.channels ?? [frame]) this.#subscribe(socket, each, id);
    } else if (type === 'unsubscribe') {
      if (this.#membersOf(socket).delete(channel)) socket.say({ type: 'unsubscribed', channel, id });
      else error('not_subscribed', { channel });
    } else if (type === 'broadcast') {
      const offset = this.publish(channel, [socket]);
      socket.say({ type: 'broadcastResult', channel, offset, listenerCount: 1, id });
    } else if (type === 'refresh') socket.say({ type: 'refreshed', id });
    else if (type === 'ping') socket.say({ type: 'pong', id });
    else if (type === 'presence') {
      const clients = [...this.others(channel)].map((client) => ({ client, connections: 1 }));
      socket.say({ type: 'presence', channel, clients, count: clients.length, id });
    } else if (type === 'direct') socket.say({ type: 'directResult', to: frame.to, connectionCount: 1, id });
    else if (type === 'echo') socket.say({ type: 'echo', payload: frame.payload, id });
    else if (type === 'history') socket.say({ type: 'history', channel, epoch: `${this.#epoch}`, offset: 0, messages: [], id });
    else throw new Error(`no such type: ${type}`);
  }

  #subscribe(socket, { channel: name, since }, id) {
    if (this.#has(socket, name)) {
      socket.say({ type: 'error', code: 'already_subscribed', message: '', channel: name, id });
      return;
    }
    this.#membersOf(socket).add(name);
    if (!socket.isOrdered && this.#chance(5)) this.publish(name, [socket]); // overtakes the answer
    const { offset, messages } = this.#channel(name);
    const missed = since ? messages.filter((message) => message.offset > since.offset) : [];
    const isSame = since?.epoch === `${this.#epoch}` && since.offset <= offset;
    const recovered = isSame && missed.length === offset - since.offset;
    socket.say({
      type: 'subscribed', channel: name, epoch: `${this.#epoch}`, offset, recovered, messages: recovered ? missed : [], id,
    });
  }
}
