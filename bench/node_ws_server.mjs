// The least that a signalling server on Node's `ws` can do, as a measure for Parley: pairs by room, and forwards
// `signal` messages with the sender and a number set by the server. No checks, limits or resume.
//
// usage: node bench/node_ws_server.mjs PORT
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const rooms = new Map();
let participants = 0;

function send(client, message) {
  message.seq = ++client.seq;
  client.socket.send(JSON.stringify(message));
}

function join(client, message) {
  const members = rooms.get(message.room) ?? [];
  rooms.set(message.room, members);
  client.room = message.room;
  send(client, {
    type: 'joined',
    re: message.id,
    self: { participant: client.participant },
    peers: members.map((m) => ({ participant: m.participant })),
  });
  for (const m of members) {
    send(m, { type: 'peer.joined', peer: { participant: client.participant } });
  }
  members.push(client);
}

function signal(client, message) {
  const to = rooms.get(client.room)?.find((m) => m.participant === message.to);
  if (!to) return;
  delete message.to;
  delete message.id;
  delete message.ack;
  message.from = client.participant;
  send(to, message);
}

function leave(client) {
  const rest = (rooms.get(client.room) ?? []).filter((m) => m !== client);
  if (rest.length > 0) rooms.set(client.room, rest);
  else rooms.delete(client.room);
}

const http = createServer((_request, response) => response.writeHead(404).end());
const server = new WebSocketServer({
  server: http,
  path: '/ws',
  perMessageDeflate: false,
  maxPayload: 65536,
});

server.on('connection', (socket) => {
  const client = { socket, seq: 0, participant: `p${++participants}`, room: '' };
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'signal') signal(client, message);
    else if (message.type === 'join') join(client, message);
  });
  socket.on('close', () => leave(client));
});

http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
