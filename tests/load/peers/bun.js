// Bun's own server, based on µWebSockets, with its idiomatic pub/sub.
//   bun bun.js PORT [CERTIFICATE KEY]
// Paths as for every peer: /echo, /shootout, /health, others are one room;
// also /broadcast, which sends as many bytes as Peal, and /token, which checks
// an HS256 token like Peal.
import { createHmac, timingSafeEqual } from 'node:crypto';

const port = Number(process.argv[2]);
const [certificate, key] = process.argv.slice(3);
const secret = process.env.PEAL_AUTH_SECRET ?? '';

function isValid(authorization, path) {
  const [head, claims, mac] = (authorization ?? '').slice(7).split('.');
  if (!mac) return false;
  const made = createHmac('sha256', secret).update(`${head}.${claims}`).digest();
  const shown = Buffer.from(mac, 'base64url');
  if (shown.length !== made.length || !timingSafeEqual(shown, made)) return false;
  if (JSON.parse(Buffer.from(head, 'base64url')).alg !== 'HS256') return false;
  const { sub, exp } = JSON.parse(Buffer.from(claims, 'base64url'));
  return exp > Date.now() / 1000 && path === `/token/${sub}`;
}

function shootout(ws, text) {
  const message = JSON.parse(text);
  if (message.type === 'echo') {
    ws.send(text);
    return;
  }
  server.publish('room', text);
  ws.send(JSON.stringify({
    type: 'broadcastResult',
    payload: message.payload,
    listenerCount: server.subscriberCount('room'),
  }));
}

let offset = 0;

function broadcast(ws, text) {
  const message = JSON.parse(text);
  server.publish('room', JSON.stringify({
    type: 'broadcast',
    channel: message.channel,
    from: ws.data.slice('/broadcast/'.length),
    payload: message.payload,
    offset: ++offset,
    time: Date.now(),
  }));
}

const server = Bun.serve({
  port,
  hostname: '127.0.0.1',
  tls: certificate
    ? { cert: Bun.file(certificate), key: Bun.file(key) }
    : undefined,
  fetch(request, self) {
    const path = new URL(request.url).pathname;
    if (path === '/health') return Response.json({ status: 'healthy' });
    if (path.startsWith('/token') &&
        !isValid(request.headers.get('authorization'), path)) {
      return new Response('Unauthorized', { status: 401 });
    }
    if (self.upgrade(request, { data: path })) return undefined;
    return new Response('Not found', { status: 404 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    open(ws) {
      if (!ws.data.startsWith('/echo')) ws.subscribe('room');
    },
    message(ws, text) {
      if (ws.data.startsWith('/echo')) ws.send(text);
      else if (ws.data.startsWith('/shootout')) shootout(ws, text);
      else if (ws.data.startsWith('/broadcast')) broadcast(ws, text);
      else server.publish('room', text);
    },
  },
});
