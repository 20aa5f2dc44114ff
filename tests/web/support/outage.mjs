/**
 * A program that uses peal.js as an application does, run by one Node and one
 * WebSocket: `node outage.mjs CLIENT_URL URL WS`, WS being a module's address or
 * nothing. It tells what happens on stdout, and does what stdin says.
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
