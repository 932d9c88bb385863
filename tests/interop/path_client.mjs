/**
 * What a client learns of the path behind the relay: run in the client's namespace by path.test.mjs.
 *
 *   path_client.mjs RELAY PORT USER PASSWORD PEER ECHO_PORT CLOSED_PORT STEP…
 *
 * Each step sends one datagram (echo:BYTES, echo-df:BYTES, closed:BYTES, or held:BYTES, which the echo answers late) and
 * prints as one line of JSON what the next indication says; "more" sends none.
 */
import { TurnClient } from './lib/turn_client.mjs';

const [relay, port, user, password, peer, echoPort, closedPort, ...steps] = process.argv.slice(2);
const client = new TurnClient(relay, Number(port), user, password);
await client.allocate();
await client.permit(peer);
for (const step of steps) {
  const [what, length] = step.split(':');
  if (what !== 'more') {
    const to = Number(what === 'closed' ? closedPort : echoPort);
    const data = Buffer.alloc(Number(length), what === 'held' ? 9 : 7);
    client.send(peer, to, data, { dontFragment: what === 'echo-df' });
  }
  console.log(JSON.stringify({ step, ...(await client.indication()) }));
}
await client.end();
