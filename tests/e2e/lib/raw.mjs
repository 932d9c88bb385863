/** HTTP as bytes on a socket, for what an HTTP client would not send. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** Send `bytes`, read until the server closes. @returns {Promise<string>} all that came back, as latin1 */
export async function rawUntilClose(port, bytes) {
  const socket = connect(port, '127.0.0.1');
  const chunks = [];
  socket.on('data', (d) => chunks.push(d));
  socket.on('error', () => {}); // a reset after the reply is the server's right
  await once(socket, 'connect');
  socket.write(bytes, 'latin1');
  await new Promise((done) => socket.once('close', done));
  return Buffer.concat(chunks).toString('latin1');
}

/** Send a request and read one reply of known length. @returns {Promise<{status: number, headers: Map<string,string>, body: Buffer}>} */
export async function rawRequest(port, bytes) {
  const text = await rawUntilClose(port, bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  return parseReply(text);
}

export function parseReply(text) {
  const end = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]),
  );
  return { status: Number(first.split(' ')[1]), headers, body: Buffer.from(text.slice(end + 4), 'latin1') };
}
