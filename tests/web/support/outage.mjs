/**
 * A program that uses peal.js like an application, run with a version of Node and
 * a WebSocket: `node outage.mjs CLIENT_URL URL WS`. WS is a module's address or
 * empty. Prints events to stdout, and executes commands from stdin.
 */

const [clientUrl, url, ws] = process.argv.slice(2);
const { Peal } = await import(clientUrl);
const options = ws ? { WebSocket: (await import(ws)).default } : {};
const tell = (line) => process.stdout.write(`${line}\n`);
const make = (more) => new Peal({ client: 'worker', url, backoffBase: 20, backoffCap: 20, ...options, ...more });

const peal = make();
peal.on('state', ({ state }) => tell(state));
const lobby = peal.subscribe('lobby');
lobby.on('subscribed', () => tell('subscribed'));
process.stdin.on('data', (command) => {
  if (String(command).trim() === 'end') {
    peal.close();
    const other = make();
    other.connect();
    setImmediate(() => {
      other.close(); // while it connects
      process.stdin.destroy();
      tell('ended');
    });
  }
});
peal.connect();
