// Socket.IO, WebSocket transport only; with a Redis URL, its Redis adapter
// connects several instances.
//   node socketio.js PORT [REDIS_URL]
// Clients speak Engine.IO: "40" joins, '42["text",...]' publishes, and "2" is a
// ping that expects "3".
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';

const [port, redisUrl] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
});

if (redisUrl) {
  const publisher = createClient({ url: redisUrl });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

io.on('connection', (socket) => {
  socket.join('room');
  socket.on('text', (text) => io.to('room').emit('text', text));
  socket.on('echo', (text) => socket.emit('echo', text));
});

http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
