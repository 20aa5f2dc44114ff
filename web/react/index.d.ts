/** Types of Peal for React. README.md in the folder above is the manual. */

import type { ReactElement, ReactNode } from 'react';

import type {
  Dropped, GapEvent, Message, Peal, PealError, PealOptions, PealState, Position, PresentClient, PublishResult, SayOptions, SubscriptionState,
} from 'peal-client';

export type PealProviderProps = { children?: ReactNode } & (
  | {
      /** A client of yours: you connect and close it. */
      peal: Pick<Peal, 'client' | 'state' | 'connect' | 'close'>;
      options?: undefined;
    }
  | {
      peal?: undefined;
      /** For a client of the provider's own. Another `client` or `url` makes another one; token functions may change. */
      options: PealOptions;
    }
);

export function PealProvider(props: PealProviderProps): ReactElement;

/** The client of the provider above. */
export function usePeal(): Peal;

export interface Connection {
  state: PealState;
  /** Milliseconds until the next attempt, while `waiting`. */
  delay?: number;
  attempt?: number;
  /** How the last connection ended, while `waiting` or `closed`. */
  code?: number;
  reason?: string;
  /** The server said not to come back. */
  final?: boolean;
}

export function useConnection(): Connection;

/** `key` is unique in the list. */
export type ListedMessage<T = unknown> = Message<T> & { key: string };

export interface ChannelOptions<T = unknown> {
  /** How many messages are kept in `messages`: the newest 100. */
  keep?: number;
  /** So many messages out of the channel's history stand in `messages` first. */
  history?: number;
  /** A position kept from before: what came after it is received, too. Read at the beginning only. */
  since?: Position;
  /** Hears each message once. */
  onMessage?: (message: ListedMessage<T>) => void;
  /** Messages are lost. */
  onGap?: (gap: GapEvent) => void;
}

export interface Channel<T = unknown> {
  state: SubscriptionState | 'idle';
  messages: ListedMessage<T>[];
  /** How often messages were lost. */
  gaps: number;
  /** Why the server refused the channel or its history; else null. */
  error: PealError | null;
  /** Stays the same function. */
  publish<V extends boolean = false>(
    payload?: T,
    options?: SayOptions<string | undefined, V>,
  ): Promise<PublishResult<T> | Dropped<V>>;
}

/** Subscribes while the component is shown. Without a name: nothing. */
export function useChannel<T = unknown>(channel: string | null | undefined, options?: ChannelOptions<T>): Channel<T>;

export interface PresenceOptions {
  /** Milliseconds between questions, for channels that do not tell who comes and goes. */
  every?: number;
}

export interface ChannelPresence {
  members: PresentClient[];
  /** Whether `members` is what the server has. */
  isSynced: boolean;
  error: PealError | null;
}

export function usePresence(channel: string | null | undefined, options?: PresenceOptions): ChannelPresence;
