/**
 * Types of peal.js. README.md beside this file is the manual; what the messages
 * hold in detail is told by the server's protocols/websocket.md.
 */

/** A place in a channel: kept over a reload, it says what to go on from. */
export interface Position {
  epoch: string;
  offset: number;
}

/** `T` is what the application sends: anything that JSON can say. */
export interface Message<T = unknown> {
  type: 'broadcast';
  channel: string;
  /** Missing when a backend published it. */
  from?: string;
  /** What others may see of the sender, in channels that show it. */
  info?: Info;
  /** What it is about, where who published it said so. */
  event?: string;
  payload: T;
  offset: number;
  /** The server's clock, milliseconds since 1970. */
  time: number;
  /** W3C Trace Context, where who published it gave one. */
  traceparent?: string;
}

export interface DirectMessage<T = unknown> {
  type: 'direct';
  /** Missing when a backend sent it. */
  from?: string;
  /** What it is about, where who sent it said so. */
  event?: string;
  payload: T;
  /** W3C Trace Context, where who sent it gave one. */
  traceparent?: string;
}

/** What others may see of a client, as its token, its ticket or the application says. */
export type Info = Record<string, unknown>;

export interface PresentClient {
  client: string;
  connections: number;
  info?: Info;
}

/** A request may be given up early. */
export interface RequestOptions {
  /** Rejects the request with its reason. A request that was sent may still have arrived. */
  signal?: AbortSignal | undefined;
}

export interface SayOptions<K extends string | undefined = string | undefined, V extends boolean = boolean> extends RequestOptions {
  /** 1 to 64 of `A-Z a-z 0-9 _ . : -`. */
  event?: K | undefined;
  /** Dropped, with `null` as the result, if it cannot be sent at once. */
  volatile?: V | undefined;
}

/** What a volatile publish may give in place of its result. */
export type Dropped<V extends boolean> = V extends true ? null : never;

export interface PresenceOptions extends RequestOptions {
  /** So many clients at the most; all without it. */
  limit?: number | undefined;
}

export interface PublishResult<T = unknown> {
  channel: string;
  payload: T;
  offset: number;
  /** Subscribed connections on the instance that took the message. */
  listenerCount: number;
}

export interface DirectResult {
  to: string;
  /** Connections of that client on the instance that took the message. */
  connectionCount: number;
}

export interface History<T = unknown> extends Position {
  channel: string;
  /** Oldest first. */
  messages: Message<T>[];
}

export interface HistoryOptions extends RequestOptions {
  /** 50 if not said. */
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

/** What is said under the event `K`: by a declared name its payload, else that of the channel. */
export type Said<T, E extends object, K> = K extends keyof E ? E[K] : T;

/** The names that may be published; any where none are declared. */
export type EventName<E extends object> = keyof E extends never ? string : keyof E & string;

/** Any channel where none are declared; else none. */
export type Undeclared<C extends object> = keyof C extends never ? string : never;

/** A message under its event's name. */
export type NamedMessage<P, K extends string> = Message<P> & { event: K };

export interface Emitter<Events> {
  /** @returns a function that ends it */
  on<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): () => void;
  /** At the next event only. @returns a function that ends it */
  once<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): () => void;
  /** At every event, after the listeners of its type. @returns a function that ends it */
  onAny(listener: (type: keyof Events & string, event: Events[keyof Events]) => void): () => void;
  off<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
}

// Errors. --------------------------------------------------------------------

/** Codes of errors that peal.js makes itself. */
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

/** Codes of errors that the server answers with. */
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

/** Newer servers may know more. */
export type ErrorCode = ClientErrorCode | ServerErrorCode | (string & {});

export class PealError extends Error {
  constructor(code: ErrorCode, message?: string, details?: { closeCode?: number });
  readonly code: ErrorCode;
  /** The heading of the manual that says what to do. */
  readonly help: string;
  /** How the connection ended, with `disconnected` and `closed`. */
  readonly closeCode?: number;
}

/** What is wrong with a client id or a channel's name, and where; '' if it is valid. */
export function clientFlaw(client: string): string;
export function channelFlaw(channel: string): string;

// Options. -------------------------------------------------------------------

/** Why a token or a ticket is asked for. */
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
  /** Milliseconds since any moment, never going back. */
  now(): number;
  /** Milliseconds since 1970, as the machine has it. */
  time(): number;
  /** From 0 to 1. */
  random(): number;
  setTimeout(run: () => void, delay: number): unknown;
  clearTimeout(timer: any): void;
}

/** Times are in milliseconds. */
export interface CommonOptions {
  /** Who we are: the `sub` of the token. */
  client: string;
  /** Of the server: `https://example.com`. The page's own; without a page required. */
  url?: string | undefined;
  /** Requests that may wait while there is no connection: 100. */
  queueLimit?: number | undefined;
  /** Messages that may wait for a `for await` loop: 10000. */
  readLimit?: number | undefined;
  /** Until a request is rejected as `timeout`: 10000. */
  requestTimeout?: number | undefined;
  /** Until an attempt to connect is given up: 10000. */
  connectTimeout?: number | undefined;
  /** The first wait is drawn from 0 to this: 500. */
  backoffBase?: number | undefined;
  /** Waits grow up to this: 20000. */
  backoffCap?: number | undefined;
  /** A connection that lasted so long makes the next wait short: 5000. */
  stableAfter?: number | undefined;
  /** Silence after which we ask: 25000; 0: never. */
  idlePing?: number | undefined;
  /** How long the answer to that may take: 10000. */
  pongWait?: number | undefined;
  /** Where there is no global one, as in Node before 22: that of `ws`. */
  WebSocket?: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
  /**
   * `auto`: over Server-Sent Events and plain HTTP where three attempts to open a
   * WebSocket have failed before the first success. `websocket`, `sse`: always.
   */
  transport?: 'auto' | 'websocket' | 'sse' | undefined;
  /** Hears what happens, without payloads and tokens; true: on the console. */
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
        /** Gets a ticket for each connection. */
        ticket: (why: TicketReason) => string | Promise<string>;
      }
  );

// What a server says of itself. ----------------------------------------------

export interface Hello {
  protocol_version: number;
  /** The connection's id, unique on its instance; webhooks name it. */
  connection: string;
  limits: {
    /** Of one message to the server, in UTF-8. */
    message_bytes: number;
    /** 0: no limit. */
    messages_per_second: number;
    /** Messages at once. */
    burst: number;
    /** The first `subscribe`, `history` and `presence` requests, which do not count. */
    opening_burst: number;
    /** Of one connection. */
    channels: number;
  };
  ping_seconds: number;
}

// Events. --------------------------------------------------------------------

export type PealState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

export type StateEvent =
  | { state: 'connecting' }
  | { state: 'open' }
  /** `delay`: Infinity while the page is put away. */
  | { state: 'waiting'; delay: number; attempt: number; code: number; reason: string }
  /** `final`: the server said not to come back, as against `close()`. */
  | { state: 'closed'; code: number; reason: string; final: boolean };

export interface PealEvents {
  state: StateEvent;
  direct: DirectMessage<any>;
  /** A direct message with that event, after `direct`. */
  [event: `event:${string}`]: DirectMessage<any>;
  /** What belongs to no request. */
  error: PealError;
}

export type SubscriptionState = 'waiting' | 'subscribed' | 'failed' | 'ended';

export type GapEvent =
  /** The server could not tell what came `since`. */
  | { channel: string; reason: 'unrecovered'; since: Position }
  /** So many messages are lost. */
  | { channel: string; reason: 'hole'; missing: number };

export interface PresenceEvent {
  channel: string;
  client: string;
  /** Of who joins, if there is any. */
  info?: Info;
}

interface ChannelEvents<M> {
  message: M;
  /** Comes before the messages that were missed. */
  subscribed: Position & { channel: string; recovered: boolean };
  /** All missed messages have been given. */
  recovered: { channel: string; count: number };
  gap: GapEvent;
  join: PresenceEvent;
  leave: PresenceEvent;
  unsubscribed: { channel: string };
  error: PealError;
}

/** Messages with an event come under `event:<name>` too, after `message`. */
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
  /** The server refused to tell. */
  error: PealError;
}

// The client. ----------------------------------------------------------------

export interface Presence extends Emitter<PresenceEvents> {}

/** Who is in a channel, kept up to date from the first listener on. */
export class Presence {
  private constructor();
  get members(): PresentClient[];
  /** Whether `members` is what the server has: not before `sync`, nor without a connection. */
  get isSynced(): boolean;
  /** The list once, as of now. */
  get(options?: PresenceOptions): Promise<PresentClient[]>;
  count(options?: RequestOptions): Promise<number>;
  /** Asks anew: for channels that do not tell who comes and goes. */
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
  /** Why it was refused, until it is not any more; else null. */
  get error(): PealError | null;
  /** Of the last message given out; undefined before the first answer. */
  get position(): Position | undefined;
  get presence(): Presence;
  /** This one, as soon as it is subscribed; rejected if it is refused or ends. */
  ready(options?: RequestOptions): Promise<this>;
  /** The messages from now on. Ends with the subscription or `close()`. */
  [Symbol.asyncIterator](): AsyncGenerator<AnyMessage<T, E>, void, undefined>;
  publish<K extends EventName<E> | undefined = undefined, V extends boolean = false>(
    payload?: Said<T, E, K>,
    options?: SayOptions<K, V>,
  ): Promise<PublishResult<Said<T, E, K>> | Dropped<V>>;
  memberCount(options?: RequestOptions): Promise<number>;
  history(options?: HistoryOptions): Promise<History<T>>;
  /** This one hears nothing after the call; the last one of a channel leaves it. */
  unsubscribe(): Promise<void>;
}

export interface SubscribeOptions {
  /** A `position` kept from before, to get what came after it. */
  since?: Position | undefined;
  /** Unsubscribes. */
  signal?: AbortSignal | undefined;
}

export interface Peal<C extends object = {}> extends Emitter<PealEvents> {}

/** A client of one server. `C`: what its channels hold, see `ChannelTypes`. */
export class Peal<C extends object = {}> {
  constructor(options: PealOptions);
  get client(): string;
  get state(): PealState;
  /** Of the connection that is open, or was last; undefined if the server says nothing. */
  get hello(): Hello | undefined;
  /** This one, as soon as it is open; rejected if it is closed. */
  ready(options?: RequestOptions): Promise<this>;
  /** Connects; while waiting for a retry: at once; while open: asks whether the connection is alive. */
  connect(): void;
  /** Ends the connection and all waiting requests; connect() comes back. */
  close(reason?: string): void;
  /** From now on; an open connection is told at once. Rejected if the server refuses it. */
  setToken(token: string | ((why: TokenReason) => string | Promise<string>)): Promise<void>;
  /** Wants a channel, now and after each reconnect: a subscription for each caller. */
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
  /** How many clients are there, without a list of them. */
  memberCount(channel: string, options?: RequestOptions): Promise<number>;
  history<N extends keyof C & string>(channel: N, options?: HistoryOptions): Promise<History<PayloadOf<C[N]>>>;
  history<T = unknown>(channel: Undeclared<C>, options?: HistoryOptions): Promise<History<T>>;
  /** @returns milliseconds there and back */
  ping(options?: RequestOptions): Promise<number>;
}

// Advice. --------------------------------------------------------------------

export interface Advice {
  /** Whether to come back. */
  again: boolean;
  /** Only with a new token. */
  needsToken: boolean;
  /** The least milliseconds to stay away. */
  wait: number;
}

/** What a close code tells a client to do. */
export function adviceFor(code: number): Advice;

/** When a JWT ends, in milliseconds since 1970; NaN if it does not say. */
export function expiryOf(token: string): number;

export {};
