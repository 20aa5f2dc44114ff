// Bun's own server, which is µWebSockets inside: its pub/sub, its idiom.
//   bun bun.js PORT
// Paths as for every peer: /echo, /shootout, /health, else one room; and
// /broadcast, which puts as much on the wire as Peal does.
const port = Number(process.argv[2]);

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
  fetch(request, self) {
    const path = new URL(request.url).pathname;
    if (path === '/health') return Response.json({ status: 'healthy' });
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
