/** Makes a client of pusher-js recover what it missed; see protocols/pusher.md. Gives it back. */
export default function recover<Client extends object>(pusher: Client): Client;
