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

/** 1 to 64 of `A-Z a-z 0-9 _ . : -`. */
export interface SayOptions {
  event?: string;
}

export interface PresenceOptions {
  /** So many clients at the most; all without it. */
  limit?: number;
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

export interface HistoryOptions {
  /** 50 if not said. */
  limit?: number;
}

// Errors. --------------------------------------------------------------------

/** Codes of errors that peal.js makes itself. */
export type ClientErrorCode =
  | 'disconnected'
  | 'timeout'
  | 'queue_full'
  | 'closed'
  | 'ended'
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
  /** Milliseconds. */
  now(): number;
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
  | { state: 'waiting'; delay: number; attempt: number; code: number; reason: string }
  /** `final`: the server said not to come back, as against `close()`. */
  | { state: 'closed'; code: number; reason: string; final: boolean };

export interface PealEvents {
  state: StateEvent;
  direct: DirectMessage<any>;
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
}

export interface SubscriptionEvents<T = unknown> {
  message: Message<T>;
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

// The client. ----------------------------------------------------------------

/** Made by `peal.subscribe()`. */
export class Subscription<T = unknown> {
  private constructor();
  readonly channel: string;
  readonly state: SubscriptionState;
  readonly epoch: string | null;
  readonly offset: number | null;
  /** Why it was refused, until it is not any more; else null. */
  readonly error: PealError | null;
  /** Of the last message given out; undefined before the first answer. */
  get position(): Position | undefined;
  /** @returns a function that ends it */
  on<K extends keyof SubscriptionEvents<T>>(
    type: K,
    listener: (event: SubscriptionEvents<T>[K]) => void,
  ): () => void;
  /** At the next event only. @returns a function that ends it */
  once<K extends keyof SubscriptionEvents<T>>(
    type: K,
    listener: (event: SubscriptionEvents<T>[K]) => void,
  ): () => void;
  off<K extends keyof SubscriptionEvents<T>>(
    type: K,
    listener: (event: SubscriptionEvents<T>[K]) => void,
  ): void;
  /** This one, as soon as it is subscribed; rejected if it is refused or ends. */
  ready(): Promise<this>;
  publish(payload?: T, options?: SayOptions): Promise<PublishResult<T>>;
  presence(options?: PresenceOptions): Promise<PresentClient[]>;
  memberCount(): Promise<number>;
  history(options?: HistoryOptions): Promise<History<T>>;
  /** This one hears nothing after the call; the last one of a channel leaves it. */
  unsubscribe(): Promise<void>;
}

/** A client of one server. */
export class Peal {
  constructor(options: PealOptions);
  get client(): string;
  get state(): PealState;
  /** Of the connection that is open, or was last; undefined if the server says nothing. */
  get hello(): Hello | undefined;
  /** @returns a function that ends it */
  on<K extends keyof PealEvents>(type: K, listener: (event: PealEvents[K]) => void): () => void;
  /** At the next event only. @returns a function that ends it */
  once<K extends keyof PealEvents>(type: K, listener: (event: PealEvents[K]) => void): () => void;
  off<K extends keyof PealEvents>(type: K, listener: (event: PealEvents[K]) => void): void;
  /** This one, as soon as it is open; rejected if it is closed. */
  ready(): Promise<this>;
  /** Connects; while waiting for a retry: at once. */
  connect(): void;
  /** Ends the connection and all waiting requests; connect() comes back. */
  close(reason?: string): void;
  /** Wants a channel, now and after each reconnect: a subscription for each caller. */
  subscribe<T = unknown>(channel: string, options?: { since?: Position }): Subscription<T>;
  publish<T = unknown>(channel: string, payload?: T, options?: SayOptions): Promise<PublishResult<T>>;
  /** To all connections of another client. */
  direct(to: string, payload?: unknown, options?: SayOptions): Promise<DirectResult>;
  echo<T = null>(payload?: T): Promise<T>;
  presence(channel: string, options?: PresenceOptions): Promise<PresentClient[]>;
  /** How many clients are there, without a list of them. */
  memberCount(channel: string): Promise<number>;
  history<T = unknown>(channel: string, options?: HistoryOptions): Promise<History<T>>;
  /** @returns milliseconds there and back */
  ping(): Promise<number>;
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
