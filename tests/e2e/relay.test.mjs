/**
 * Calls through Parley's own relay alone (iceTransportPolicy "relay"), over UDP, TCP and TLS each, in Chromium and
 * Firefox, and that a relay has nothing left of a participant who has gone.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchChromium, launchFirefox } from './lib/browsers.mjs';
import { enter, pictureChanges, startCall } from './lib/call.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { candidateInUse, relayPages } from './lib/relay_only.mjs';
import { freePort, ParleyServer } from './lib/server.mjs';

const inNetwork = process.env.E2E_IN_NAMESPACE === '1';
const metricsPort = await freePort();
let plain;
let secure;
let chromium;
let firefox;

const tlsDir = mkdtempSync(join(tmpdir(), 'parley-e2e-tls-'));
const tls = makeCertificates(tlsDir, 'localhost');

before(async () => {
  plain = await new ParleyServer({ 'metrics.port': metricsPort }).start();
  secure = new ParleyServer({
    'server.https_port': await freePort(),
    'tls.cert': tls.cert,
    'tls.key': tls.key,
    'turn.listen': '*',
    'turn.tls_port': await freePort(),
  });
  await secure.start();
  // Chromium takes any certificate for TURN then; Firefox verifies it.
  [chromium, firefox] = await Promise.all([
    launchChromium(['--ignore-certificate-errors']),
    launchFirefox(tls.ca),
  ]);
});
after(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await Promise.all([plain?.stop(), secure?.stop()]);
  rmSync(tlsDir, { recursive: true });
});

/** A room of the server with TLS. */
function secureRoom() {
  const options = {
    host: 'localhost',
    port: secure.sets['server.https_port'],
    path: '/api/v1/rooms',
    method: 'POST',
    ca: readFileSync(tls.ca),
    headers: { 'content-type': 'application/json', host: `localhost:${secure.sets['server.https_port']}` },
  };
  return new Promise((resolve, reject) => {
    const req = request(options, async (res) => {
      let text = '';
      for await (const part of res) text += part;
      resolve(JSON.parse(text));
    });
    req.on('error', reject);
    req.end('{}');
  });
}

async function metric(name) {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const lines = text.split('\n').filter((l) => l.startsWith(`${name} `) || l.startsWith(`${name}{`));
  assert.ok(lines.length > 0, `${name} is in /metrics`);
  return lines.reduce((sum, l) => sum + Number(l.split(' ').at(-1)), 0);
}

async function until(what, check) {
  const deadline = Date.now() + 15_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

const ways = [
  { name: 'UDP', pattern: '^turn:.*transport=udp', protocol: 'udp' },
  { name: 'TCP', pattern: '^turn:.*transport=tcp', protocol: 'tcp' },
];

for (const [kind, browser] of [
  ['Chromium', () => chromium],
  ['Firefox', () => firefox],
]) {
  for (const { name, pattern, protocol } of ways) {
    test(`${kind}: a call over the relay by ${name}`, async (t) => {
      const before = await metric('parley_relay_local_packets_total');
      const [host, guest] = await relayPages(t, browser(), pattern);
      await startCall(host, guest, await plain.createRoom());
      await Promise.all([pictureChanges(host), pictureChanges(guest)]);
      for (const page of [host, guest]) {
        const used = await page.evaluate(candidateInUse);
        assert.equal(used.type, 'relay');
        assert.equal(used.protocol ?? protocol, protocol);
      }
      assert.ok((await metric('parley_relay_local_packets_total')) > before + 20, 'in process');
    });
  }
}

for (const [kind, browser] of [
  ['Chromium', () => chromium],
  ['Firefox', () => firefox],
]) {
  test(`${kind}: a call over the relay by TLS, on its own port and on that of HTTPS`, async (t) => {
    const ports = [secure.sets['turn.tls_port'], secure.sets['server.https_port']];
    for (const port of ports) {
      const [host, guest] = await relayPages(t, browser(), `^turns:localhost:${port}\\?transport=tcp$`);
      await startCall(host, guest, await secureRoom());
      for (const page of [host, guest]) {
        const used = await page.evaluate(candidateInUse);
        assert.equal(used.type, 'relay');
        assert.equal(used.protocol ?? 'tls', 'tls');
      }
    }
  });
}

test('the relay is told at the host that the page was reached at, and ends with the participant', async (t) => {
  const [host, guest] = await relayPages(t, chromium, 'transport=udp');
  const room = await plain.createRoom();
  await startCall(host, guest, room);
  const told = await host.evaluate(() => window.__told);
  assert.deepEqual(told[0].urls, [
    `turn:localhost:${plain.turnPort}?transport=udp`,
    `turn:localhost:${plain.turnPort}?transport=tcp`,
  ]);
  assert.match(told[0].username, /^\d+:[a-z0-9]+$/);
  assert.ok((await metric('parley_relay_allocations')) >= 2);
  const revoked = await metric('parley_relay_revoked_total');
  await guest.evaluate(() => {
    // What a hidden or broken page would leave behind: the relay must not depend on the client's good manners.
    for (const pc of window.__seen.pcs) pc.close = () => {};
  });
  await guest.click('leave');
  await until(
    'the guest’s allocations to end',
    async () => (await metric('parley_relay_revoked_total')) > revoked,
  );
});

test('after leaving, the same page can call again over the relay', { skip: !inNetwork }, async (t) => {
  const [host, guest] = await relayPages(t, chromium, 'transport=udp');
  const room = await plain.createRoom();
  await startCall(host, guest, room);
  await guest.click('leave');
  await guest.shown('ended');
  await enter(guest, room.url, 'Bob');
  await host.click('knock-admit');
  await guest.shown('call');
  await pictureChanges(guest);
});
