/** Types of Peal for React. README.md in the folder above is the manual. */

import type { ReactElement, ReactNode } from 'react';

import type {
  Dropped, GapEvent, Message, Peal, PealError, PealOptions, PealState, Position, PresentClient, PublishResult, SayOptions, SubscriptionState,
} from 'peal-client';

export type PealProviderProps = { children?: ReactNode } & (
  | {
      /** Your own client, which you connect and close. */
      peal: Pick<Peal, 'client' | 'state' | 'connect' | 'close'>;
      options?: undefined;
    }
  | {
      peal?: undefined;
      /** Options for a client created by the provider. A different `client` or `url` creates a new one; token functions may change. */
      options: PealOptions;
    }
);

export function PealProvider(props: PealProviderProps): ReactElement;

/** The client of the closest provider. */
export function usePeal(): Peal;

export interface Connection {
  state: PealState;
  /** Milliseconds until the next attempt, while `waiting`. */
  delay?: number;
  attempt?: number;
  /** How the last connection ended, while `waiting` or `closed`. */
  code?: number;
  reason?: string;
  /** The server does not allow reconnecting. */
  final?: boolean;
}

export function useConnection(): Connection;

/** `key` is unique in the list. */
export type ListedMessage<T = unknown> = Message<T> & { key: string };

export interface ChannelOptions<T = unknown> {
  /** Number of newest messages kept in `messages`, 100 by default. */
  keep?: number;
  /** Number of history messages at the start of `messages`. */
  history?: number;
  /** A saved position: later messages are received, too. Read only on the first render. */
  since?: Position;
  /** Called once for each message. */
  onMessage?: (message: ListedMessage<T>) => void;
  /** Called when messages are lost. */
  onGap?: (gap: GapEvent) => void;
}

export interface Channel<T = unknown> {
  state: SubscriptionState | 'idle';
  messages: ListedMessage<T>[];
  /** How often messages were lost. */
  gaps: number;
  /** Why the server refused the channel or its history, otherwise null. */
  error: PealError | null;
  /** The function keeps its identity. */
  publish<V extends boolean = false>(
    payload?: T,
    options?: SayOptions<string | undefined, V>,
  ): Promise<PublishResult<T> | Dropped<V>>;
}

/** Subscribes while the component is mounted. Without a name, does nothing. */
export function useChannel<T = unknown>(channel: string | null | undefined, options?: ChannelOptions<T>): Channel<T>;

export interface PresenceOptions {
  /** Milliseconds between requests; for channels without join and leave messages. */
  every?: number;
}

export interface ChannelPresence {
  members: PresentClient[];
  /** Whether `members` is current. */
  isSynced: boolean;
  error: PealError | null;
}

export function usePresence(channel: string | null | undefined, options?: PresenceOptions): ChannelPresence;
