/** The relay with aioice, the TURN client of Python's WebRTC: over UDP, TCP and TLS with the certificate verified. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { beside, build, finish, PEER, RELAY, startEcho } from './lib/lab.mjs';
import { PASSWORD, Relay, USER } from './lib/relay.mjs';

const relay = new Relay();
let echo;

before(async () => {
  build();
  await relay.start();
  echo = await startEcho();
});
after(async () => {
  echo?.stop();
  await relay.stop();
});

for (const [way, port] of [
  ['udp', '3478'],
  ['tcp', '3478'],
  ['tls', '5349'],
]) {
  test(`aioice over ${way}: channels, permissions, and two agents that have nothing else`, async () => {
    const { status, output, said } = await finish('client', [
      ...['/usr/bin/python3', beside('aioice_client.py')],
      ...[way, RELAY, port, USER, PASSWORD, relay.tls.ca, `${PEER}:${echo.port}`],
    ]);
    assert.equal(status, 0, output);
    assert.deepEqual(JSON.parse(said), {
      channel: { relayed: RELAY, sent: 43, intact: 43 },
      permission: { permission: 'RESPONSE', lifetime: 900, private: 403 },
      ice: { types: ['relay'], heard: ['from Ada', 'from Bob'] },
    });
  });
}
