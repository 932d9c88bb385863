/**
 * Runs inside a namespace, forked by probe.mjs, and does with sockets what it is told: {id, op, …} in, {id, value} or
 * {id, error} out. UDP sockets and TCP servers tell whoever writes to them from where that came; every datagram that
 * arrives is also reported as {heard}.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const sockets = new Map();

const settled = (emitter, good) =>
  new Promise((resolve, reject) => {
    emitter.once(good, resolve);
    emitter.once('error', reject);
  });

const operations = {
  async bind({ socket, address, port = 0, answers }) {
    const udp = createSocket({
      type: address.includes(':') ? 'udp6' : 'udp4',
      ipv6Only: address.includes(':'),
    });
    sockets.set(socket, udp);
    udp.on('message', (message, from) => {
      process.send({ heard: { socket, text: String(message), address: from.address, port: from.port } });
      if (answers)
        udp.send(JSON.stringify({ address: from.address, port: from.port }), from.port, from.address);
    });
    udp.bind(port, address);
    await settled(udp, 'listening');
    return udp.address().port;
  },

  send({ socket, address, port, text }) {
    const udp = sockets.get(socket);
    return new Promise((resolve, reject) => {
      udp.send(text, port, address, (error) => (error ? reject(error) : resolve(true)));
    });
  },

  async serve({ address, port }) {
    const server = createServer((tcp) => {
      tcp.on('error', () => {}); // a peer that is gone needs no answer
      tcp.end(JSON.stringify({ address: tcp.remoteAddress, port: tcp.remotePort }));
    });
    server.listen(port, address);
    await settled(server, 'listening');
    return true;
  },

  /** Resolves with what the server saw. What is dropped on the way stays unanswered until `forget`. */
  async dial({ socket, address, port }) {
    const tcp = connect(port, address);
    sockets.set(socket, tcp);
    const [seen] = await Promise.all([settled(tcp, 'data'), settled(tcp, 'connect')]);
    return JSON.parse(String(seen));
  },

  forget({ socket }) {
    const found = sockets.get(socket);
    sockets.delete(socket);
    found.destroy ? found.destroy() : found.close();
    return true;
  },
};

process.on('message', async ({ id, op, ...args }) => {
  try {
    process.send({ id, value: await operations[op](args) });
  } catch (error) {
    process.send({ id, error: error.code ?? error.message });
  }
});
process.on('disconnect', () => process.exit());
