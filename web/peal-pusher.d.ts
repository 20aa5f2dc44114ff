/** Makes a pusher-js client recover missed events; see protocols/pusher.md. Returns the client. */
export default function recover<Client extends object>(pusher: Client): Client;
