// npm's ws: a loop over server.clients, as in its documentation.
//   node ws.js PORT
import { createServer } from 'node:http';
import { WebSocketServer, WebSocket } from 'ws';

const room = new Set();

const http = createServer((request, response) => {
  const known = request.url === '/health';
  response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(known ? '{"status":"healthy"}' : '{"error":"Not found"}');
});

const server = new WebSocketServer({
  server: http,
  perMessageDeflate: false,
  clientTracking: false,
});

function toAll(data) {
  for (const client of room) {
    if (client.readyState === WebSocket.OPEN) {
      client.send(data, { binary: false });
    }
  }
}

function shootout(client, data) {
  const message = JSON.parse(data);
  if (message.type === 'echo') {
    client.send(data, { binary: false });
    return;
  }
  toAll(data);
  client.send(JSON.stringify({
    type: 'broadcastResult',
    payload: message.payload,
    listenerCount: room.size,
  }));
}

server.on('connection', (client, request) => {
  if (request.url.startsWith('/echo')) {
    client.on('message', (data) => client.send(data, { binary: false }));
    return;
  }
  room.add(client);
  client.on('close', () => room.delete(client));
  client.on('message', request.url.startsWith('/shootout')
    ? (data) => shootout(client, data)
    : toAll);
});

http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
