/** Types of Peal for Vue. README.md in the folder above is the manual. */

import type { ComputedRef, DefineComponent, MaybeRefOrGetter } from 'vue';

import type {
  Dropped, GapEvent, Message, Peal, PealError, PealOptions, PealState, Position, PresentClient, PublishResult, SayOptions, SubscriptionState,
} from 'peal-client';

type AnyPeal = Pick<Peal, 'client' | 'state' | 'connect' | 'close'>;

/** `peal`: your own client, which you connect and close; or `options` for one created by the component. */
export const PealProvider: DefineComponent<{ peal?: AnyPeal; options?: PealOptions }>;

/** The same for `setup`: provides the client to this component and its descendants. */
export function providePeal(given: AnyPeal | PealOptions): Peal;

/** The provided client. */
export function usePeal(): Peal;

export interface Connection {
  state: ComputedRef<PealState>;
  /** Milliseconds until the next attempt, while `waiting`. */
  delay: ComputedRef<number | undefined>;
  attempt: ComputedRef<number | undefined>;
  /** How the last connection ended, while `waiting` or `closed`. */
  code: ComputedRef<number | undefined>;
  reason: ComputedRef<string | undefined>;
  /** The server does not allow reconnecting. */
  final: ComputedRef<boolean | undefined>;
}

export function useConnection(): Connection;

/** `key` is unique in the list. */
export type ListedMessage<T = unknown> = Message<T> & { key: string };

export interface ChannelOptions<T = unknown> {
  /** Number of newest messages kept in `messages`, 100 by default. */
  keep?: number;
  /** Number of history messages at the start of `messages`. */
  history?: number;
  /** A saved position: later messages are received, too. */
  since?: Position;
  /** Called once for each message. */
  onMessage?: (message: ListedMessage<T>) => void;
  /** Called when messages are lost. */
  onGap?: (gap: GapEvent) => void;
}

export interface Channel<T = unknown> {
  state: ComputedRef<SubscriptionState | 'idle'>;
  messages: ComputedRef<ListedMessage<T>[]>;
  /** How often messages were lost. */
  gaps: ComputedRef<number>;
  /** Why the server refused the channel or its history, otherwise null. */
  error: ComputedRef<PealError | null>;
  publish<V extends boolean = false>(
    payload?: T,
    options?: SayOptions<string | undefined, V>,
  ): Promise<PublishResult<T> | Dropped<V>>;
}

type Name = MaybeRefOrGetter<string | null | undefined>;

/** Subscribes while the component is mounted. Without a name, does nothing. */
export function useChannel<T = unknown>(channel: Name, options?: ChannelOptions<T>): Channel<T>;

export interface PresenceOptions {
  /** Milliseconds between requests; for channels without join and leave messages. */
  every?: number;
}

export interface ChannelPresence {
  members: ComputedRef<PresentClient[]>;
  /** Whether `members` is current. */
  isSynced: ComputedRef<boolean>;
  error: ComputedRef<PealError | null>;
}

export function usePresence(channel: Name, options?: PresenceOptions): ChannelPresence;
