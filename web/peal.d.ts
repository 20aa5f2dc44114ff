/**
 * Types of peal.js. README.md beside this file is the manual; the server's protocols/websocket.md
 * describes the messages in detail.
 */

/** A position in a channel. Keep it across a reload to resume from there. */
export interface Position {
  epoch: string;
  offset: number;
}

/** `T` is the application's payload: any JSON value. */
export interface Message<T = unknown> {
  type: 'broadcast';
  channel: string;
  /** Missing if a backend published it. */
  from?: string;
  /** The sender's info, in channels that include it. */
  info?: Info;
  /** The event name, if the publisher set one. */
  event?: string;
  payload: T;
  offset: number;
  /** The server's clock, milliseconds since 1970. */
  time: number;
  /** W3C Trace Context, if the publisher set one. */
  traceparent?: string;
}

export interface DirectMessage<T = unknown> {
  type: 'direct';
  /** Missing if a backend sent it. */
  from?: string;
  /** The event name, if the sender set one. */
  event?: string;
  payload: T;
  /** W3C Trace Context, if the sender set one. */
  traceparent?: string;
}

/** The client's info, from its token, its ticket or the application. */
export type Info = Record<string, unknown>;

export interface PresentClient {
  client: string;
  connections: number;
  info?: Info;
}

/** A request can be aborted. */
export interface RequestOptions {
  /** Rejects the request with its reason. A request that was sent may still have arrived. */
  signal?: AbortSignal | undefined;
}

export interface SayOptions<K extends string | undefined = string | undefined, V extends boolean = boolean> extends RequestOptions {
  /** 1 to 64 of `A-Z a-z 0-9 _ . : -`. */
  event?: K | undefined;
  /** Dropped, with `null` as the result, if it cannot be sent immediately. */
  volatile?: V | undefined;
}

/** The result of a dropped volatile publish. */
export type Dropped<V extends boolean> = V extends true ? null : never;

export interface PresenceOptions extends RequestOptions {
  /** Maximum number of clients; default: all. */
  limit?: number | undefined;
}

export interface PublishResult<T = unknown> {
  channel: string;
  payload: T;
  offset: number;
  /** Subscribed connections on the instance that received the message. */
  listenerCount: number;
}

export interface DirectResult {
  to: string;
  /** Connections of the client on the instance that received the message. */
  connectionCount: number;
}

export interface History<T = unknown> extends Position {
  channel: string;
  /** Oldest first. */
  messages: Message<T>[];
}

export interface HistoryOptions extends RequestOptions {
  /** Default: 50. */
  limit?: number | undefined;
}

// What an application declares. -----------------------------------------------

/**
 * What the messages of one channel hold: those without an event, and those with
 * one by its name. A map of them types a client:
 *
 *     interface Channels {
 *       lobby: { payload: { text: string }; events: { typing: { active: boolean } } };
 *       [room: `room:${string}`]: { payload: { text: string } };
 *     }
 *     const peal = new Peal<Channels>({ client: 'alice' });
 */
export interface ChannelTypes {
  payload?: unknown;
  events?: object;
}

export type PayloadOf<D> = D extends { payload: infer P } ? P : unknown;
export type EventsOf<D> = D extends { events: infer E extends object } ? E : {};

/** The payload of the event `K`: that of a declared name, otherwise the channel's. */
export type Said<T, E extends object, K> = K extends keyof E ? E[K] : T;

/** The event names that may be published; any if none are declared. */
export type EventName<E extends object> = keyof E extends never ? string : keyof E & string;

/** Any channel if none are declared; otherwise none. */
export type Undeclared<C extends object> = keyof C extends never ? string : never;

/** A message, emitted under its event's name. */
export type NamedMessage<P, K extends string> = Message<P> & { event: K };

export interface Emitter<Events> {
  /** @returns a function that removes the listener */
  on<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): () => void;
  /** Calls the listener only for the next event. @returns a function that removes the listener */
  once<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): () => void;
  /** Calls the listener for every event, after the listeners of its type. @returns a function that removes the listener */
  onAny(listener: (type: keyof Events & string, event: Events[keyof Events]) => void): () => void;
  off<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
}

// Errors. --------------------------------------------------------------------

/** Error codes of peal.js itself. */
export type ClientErrorCode =
  | 'disconnected'
  | 'timeout'
  | 'queue_full'
  | 'closed'
  | 'ended'
  | 'too_slow'
  | 'aborted'
  | 'token'
  | 'refresh'
  | 'too_big'
  | 'bad_frame';

/** Error codes of the server. */
export type ServerErrorCode =
  | 'bad_request'
  | 'unknown_type'
  | 'binary'
  | 'bad_channel'
  | 'no_channel'
  | 'bad_client'
  | 'bad_event'
  | 'bad_since'
  | 'forbidden'
  | 'refused'
  | 'already_subscribed'
  | 'not_subscribed'
  | 'cancelled'
  | 'no_presence'
  | 'no_history'
  | 'too_many_channels'
  | 'bad_token'
  | 'unavailable'
  | 'not_stored';

/** Newer servers may have more. */
export type ErrorCode = ClientErrorCode | ServerErrorCode | (string & {});

export class PealError extends Error {
  constructor(code: ErrorCode, message?: string, details?: { closeCode?: number });
  readonly code: ErrorCode;
  /** The section of the manual that explains what to do. */
  readonly help: string;
  /** How the connection ended, with `disconnected` and `closed`. */
  readonly closeCode?: number;
}

/** Explains what is wrong with a client id or a channel name; '' if it is valid. */
export function clientFlaw(client: string): string;
export function channelFlaw(channel: string): string;

// Options. -------------------------------------------------------------------

/** Why a token or a ticket is needed. */
export interface TokenReason {
  reason: 'connect' | 'refresh' | 'refused';
}

export interface TicketReason {
  reason: 'connect' | 'refused';
}

/** What peal.js needs of a WebSocket: a browser's, Node's, or that of `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970. */
  time(): number;
  /** From 0 to 1. */
  random(): number;
  setTimeout(run: () => void, delay: number): unknown;
  clearTimeout(timer: any): void;
}

/** Times are in milliseconds. */
export interface CommonOptions {
  /** The client id: the `sub` of the token. */
  client: string;
  /** URL of the server, such as `https://example.com`. Default: the page's; required outside a page. */
  url?: string | undefined;
  /** Requests that may wait while there is no connection. Default: 100. */
  queueLimit?: number | undefined;
  /** Messages that may wait for a `for await` loop. Default: 10000. */
  readLimit?: number | undefined;
  /** Time until a request is rejected as `timeout`. Default: 10000. */
  requestTimeout?: number | undefined;
  /** Time until an attempt to connect is aborted. Default: 10000. */
  connectTimeout?: number | undefined;
  /** Maximum of the first random wait before reconnecting. Default: 500. */
  backoffBase?: number | undefined;
  /** Maximum wait before reconnecting. Default: 20000. */
  backoffCap?: number | undefined;
  /** A connection that lasts this long resets the wait. Default: 5000. */
  stableAfter?: number | undefined;
  /** Silence after which a ping is sent; 0: never. Default: 25000. */
  idlePing?: number | undefined;
  /** Time to wait for the pong. Default: 10000. */
  pongWait?: number | undefined;
  /** The WebSocket class if there is no global one, as in Node before 22: that of `ws`. */
  WebSocket?: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
  /**
   * `auto`: over Server-Sent Events and plain HTTP where three attempts to open a
   * WebSocket have failed before the first success. `websocket`, `sse`: always.
   */
  transport?: 'auto' | 'websocket' | 'sse' | undefined;
  /** Receives debug events, without payloads and tokens; true: logs to the console. */
  debug?: boolean | ((what: string, details: Record<string, unknown>) => void) | undefined;
  /** For tests. */
  clock?: Clock | undefined;
}

/** A token or a ticket, not both. */
export type PealOptions = CommonOptions &
  (
    | {
        /** A JWT; only a function can replace one that has expired. */
        token?: string | ((why: TokenReason) => string | Promise<string>) | undefined;
        ticket?: undefined;
      }
    | {
        token?: undefined;
        /** Returns a ticket for each connection. */
        ticket: (why: TicketReason) => string | Promise<string>;
      }
  );

// What a server says of itself. ----------------------------------------------

export interface Hello {
  protocol_version: number;
  /** The connection's id, unique on its instance; webhooks name it. */
  connection: string;
  limits: {
    /** Maximum bytes of one message to the server, in UTF-8. */
    message_bytes: number;
    /** 0: no limit. */
    messages_per_second: number;
    /** Messages in a burst. */
    burst: number;
    /** Number of initial `subscribe`, `history` and `presence` requests that are not charged. */
    opening_burst: number;
    /** Per connection. */
    channels: number;
  };
  ping_seconds: number;
}

// Events. --------------------------------------------------------------------

export type PealState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

export type StateEvent =
  | { state: 'connecting' }
  | { state: 'open' }
  /** `delay`: Infinity while the page is suspended. */
  | { state: 'waiting'; delay: number; attempt: number; code: number; reason: string }
  /** `final`: the server does not allow reconnecting; false after `close()`. */
  | { state: 'closed'; code: number; reason: string; final: boolean };

export interface PealEvents {
  state: StateEvent;
  direct: DirectMessage<any>;
  /** A direct message with that event, after `direct`. */
  [event: `event:${string}`]: DirectMessage<any>;
  /** Errors that belong to no request. */
  error: PealError;
}

export type SubscriptionState = 'waiting' | 'subscribed' | 'failed' | 'ended';

export type GapEvent =
  /** The server could not determine the messages since the position. */
  | { channel: string; reason: 'unrecovered'; since: Position }
  /** Number of lost messages. */
  | { channel: string; reason: 'hole'; missing: number };

export interface PresenceEvent {
  channel: string;
  client: string;
  /** The info of the joining client, if any. */
  info?: Info;
}

interface ChannelEvents<M> {
  message: M;
  /** Emitted before the missed messages. */
  subscribed: Position & { channel: string; recovered: boolean };
  /** All missed messages have been delivered. */
  recovered: { channel: string; count: number };
  gap: GapEvent;
  join: PresenceEvent;
  leave: PresenceEvent;
  unsubscribed: { channel: string };
  error: PealError;
}

/** Messages with an event are also emitted as `event:<name>`, after `message`. */
type NamedEvents<E extends object> = keyof E extends never
  ? { [name: `event:${string}`]: Message<any> }
  : { [K in keyof E & string as `event:${K}`]: NamedMessage<E[K], K> };

type AnyMessage<T, E extends object> =
  | (keyof E extends never ? Message<T> : Message<T> & { event?: never })
  | { [K in keyof E & string]: NamedMessage<E[K], K> }[keyof E & string];

export type SubscriptionEvents<T = unknown, E extends object = {}> = ChannelEvents<AnyMessage<T, E>> & NamedEvents<E>;

export interface MembersEvent {
  channel: string;
  members: PresentClient[];
}

export interface PresenceEvents {
  join: PresentClient;
  leave: PresentClient;
  /** The whole list: once it is known, after each reconnect, and after `sync()`. */
  sync: MembersEvent;
  /** The server refused the list. */
  error: PealError;
}

// The client. ----------------------------------------------------------------

export interface Presence extends Emitter<PresenceEvents> {}

/** The members of a channel, kept up to date once there is a listener. */
export class Presence {
  private constructor();
  get members(): PresentClient[];
  /** Whether `members` is current: false before `sync`, and without a connection. */
  get isSynced(): boolean;
  /** Returns the current list once. */
  get(options?: PresenceOptions): Promise<PresentClient[]>;
  count(options?: RequestOptions): Promise<number>;
  /** Requests the list again, for channels without join and leave messages. */
  sync(): Promise<PresentClient[]>;
}

export interface Subscription<T = unknown, E extends object = {}> extends Emitter<SubscriptionEvents<T, E>> {}

/** Made by `peal.subscribe()`. */
export class Subscription<T = unknown, E extends object = {}> {
  private constructor();
  get channel(): string;
  get state(): SubscriptionState;
  get epoch(): string | null;
  get offset(): number | null;
  /** The reason of a refusal while it lasts; otherwise null. */
  get error(): PealError | null;
  /** Offset of the last delivered message; undefined before the first answer. */
  get position(): Position | undefined;
  get presence(): Presence;
  /** Resolves to this subscription once subscribed; rejects if it is refused or ends. */
  ready(options?: RequestOptions): Promise<this>;
  /** The messages from now on. Ends with the subscription or `close()`. */
  [Symbol.asyncIterator](): AsyncGenerator<AnyMessage<T, E>, void, undefined>;
  publish<K extends EventName<E> | undefined = undefined, V extends boolean = false>(
    payload?: Said<T, E, K>,
    options?: SayOptions<K, V>,
  ): Promise<PublishResult<Said<T, E, K>> | Dropped<V>>;
  memberCount(options?: RequestOptions): Promise<number>;
  history(options?: HistoryOptions): Promise<History<T>>;
  /** Ends this subscription immediately; the last one of a channel unsubscribes. */
  unsubscribe(): Promise<void>;
}

export interface SubscribeOptions {
  /** A saved `position`, to receive the messages after it. */
  since?: Position | undefined;
  /** Unsubscribes. */
  signal?: AbortSignal | undefined;
}

export interface Peal<C extends object = {}> extends Emitter<PealEvents> {}

/** A client of one server. `C`: the types of its channels, see `ChannelTypes`. */
export class Peal<C extends object = {}> {
  constructor(options: PealOptions);
  get client(): string;
  get state(): PealState;
  /** The `hello` of the current or last connection; undefined if the server sends none. */
  get hello(): Hello | undefined;
  /** Resolves to this client once open; rejects if it is closed. */
  ready(options?: RequestOptions): Promise<this>;
  /** Connects; ends the wait for a retry; checks an open connection with a ping. */
  connect(): void;
  /** Closes the connection and rejects waiting requests; connect() reconnects. */
  close(reason?: string): void;
  /** Uses this token from now on, also for an open connection. Rejects if the server refuses it. */
  setToken(token: string | ((why: TokenReason) => string | Promise<string>)): Promise<void>;
  /** Subscribes to a channel, now and after each reconnect. Each call returns its own subscription. */
  subscribe<N extends keyof C & string>(channel: N, options?: SubscribeOptions): Subscription<PayloadOf<C[N]>, EventsOf<C[N]>>;
  subscribe<T = unknown>(channel: Undeclared<C>, options?: SubscribeOptions): Subscription<T>;
  publish<N extends keyof C & string, K extends EventName<EventsOf<C[N]>> | undefined = undefined, V extends boolean = false>(
    channel: N,
    payload?: Said<PayloadOf<C[N]>, EventsOf<C[N]>, K>,
    options?: SayOptions<K, V>,
  ): Promise<PublishResult<Said<PayloadOf<C[N]>, EventsOf<C[N]>, K>> | Dropped<V>>;
  publish<T = unknown, V extends boolean = false>(
    channel: Undeclared<C>,
    payload?: T,
    options?: SayOptions<string | undefined, V>,
  ): Promise<PublishResult<T> | Dropped<V>>;
  /** To all connections of another client. */
  direct<V extends boolean = false>(
    to: string,
    payload?: unknown,
    options?: SayOptions<string | undefined, V>,
  ): Promise<DirectResult | Dropped<V>>;
  echo<T = null>(payload?: T, options?: RequestOptions): Promise<T>;
  presence(channel: string, options?: PresenceOptions): Promise<PresentClient[]>;
  /** The number of clients, without a list of them. */
  memberCount(channel: string, options?: RequestOptions): Promise<number>;
  history<N extends keyof C & string>(channel: N, options?: HistoryOptions): Promise<History<PayloadOf<C[N]>>>;
  history<T = unknown>(channel: Undeclared<C>, options?: HistoryOptions): Promise<History<T>>;
  /** @returns the round-trip time in milliseconds */
  ping(options?: RequestOptions): Promise<number>;
}

// Advice. --------------------------------------------------------------------

export interface Advice {
  /** Whether to reconnect. */
  again: boolean;
  /** Reconnect only with a new token. */
  needsToken: boolean;
  /** Minimum milliseconds before reconnecting. */
  wait: number;
}

/** What a client should do after a close code. */
export function adviceFor(code: number): Advice;

/** When a JWT expires, in milliseconds since 1970; NaN if it has no expiry. */
export function expiryOf(token: string): number;

export {};
