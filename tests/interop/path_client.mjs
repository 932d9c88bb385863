/**
 * What a client learns of the path behind the relay: run in the client's namespace by path.test.mjs.
 *
 *   path_client.mjs RELAY PORT USER PASSWORD PEER ECHO_PORT CLOSED_PORT STEP…
 *
 * Each step sends one datagram (echo:BYTES, echo-df:BYTES or closed:BYTES) and prints as one line of JSON what the next
 * indication says.
 */
import { TurnClient } from './lib/turn_client.mjs';

const [relay, port, user, password, peer, echoPort, closedPort, ...steps] = process.argv.slice(2);
const client = new TurnClient(relay, Number(port), user, password);
await client.allocate();
await client.permit(peer);
for (const step of steps) {
  const [what, length] = step.split(':');
  const to = Number(what === 'closed' ? closedPort : echoPort);
  client.send(peer, to, Buffer.alloc(Number(length), 7), { dontFragment: what === 'echo-df' });
  console.log(JSON.stringify({ step, ...(await client.indication()) }));
}
await client.end();
