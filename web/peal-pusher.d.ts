/** Types of peal-pusher.js. */

/**
 * Makes a `Pusher` of pusher-js recover what it missed. Call it before the
 * connection is made. A channel that missed something for good gets the event
 * `peal:gap`.
 */
export default function recover<P extends { connection: object; send_event: (...given: any[]) => boolean }>(pusher: P): P;
