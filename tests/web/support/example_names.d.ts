/** Names that the examples of web/README.md assume. */

declare const peal: import('peal-client').Peal;
declare const token: string;
declare function show(...what: unknown[]): void;
declare function add(client: string, name: unknown): void;
declare function remove(client: string): void;

declare module 'ws' {
  const socket: typeof WebSocket;
  export default socket;
}
