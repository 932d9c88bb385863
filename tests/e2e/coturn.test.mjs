/**
 * Debian's coturn in the relay's place: `parley serve` tells browsers of it (turn.urls) and makes their credentials of
 * the secret that both know (coturn's use-auth-secret). Needs an address that coturn relays to, so a namespace.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchChromium } from './lib/browsers.mjs';
import { pictureChanges, startCall } from './lib/call.mjs';
import { candidateInUse, relayPages } from './lib/relay_only.mjs';
import { freePort, ParleyServer } from './lib/server.mjs';

const skip = process.env.E2E_IN_NAMESPACE !== '1' && 'only in a network namespace of its own';
const ADDRESS = '198.51.100.10';
const SECRET = 'known to Parley and to coturn';

let dir;
let coturn;
let parley;
let chromium;
let said = '';

async function startCoturn(port) {
  dir = mkdtempSync(join(tmpdir(), 'parley-coturn-'));
  coturn = spawn(
    'turnserver',
    [
      ...['-n', '-L', ADDRESS, '-E', ADDRESS, '-p', String(port), '--no-tls', '--no-dtls', '--no-cli'],
      ...['--use-auth-secret', `--static-auth-secret=${SECRET}`, '--realm=parley', '--verbose'],
      ...['--log-file=stdout', `--pidfile=${join(dir, 'pid')}`, `--db=${join(dir, 'db')}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await new Promise((resolve, reject) => {
    const take = (data) => {
      said += data;
      if (/TCP listener opened on : \S+/.test(said)) resolve();
    };
    coturn.stdout.on('data', take);
    coturn.stderr.on('data', take);
    coturn.on('error', reject);
    coturn.on('exit', (code) => reject(new Error(`coturn ended: ${code}\n${said}`)));
  });
}

before(async () => {
  if (skip) return;
  const port = await freePort();
  await startCoturn(port);
  const urls = ['udp', 'tcp'].map((way) => `turn:${ADDRESS}:${port}?transport=${way}`);
  parley = new ParleyServer({ 'turn.enabled': 'off', 'turn.secret': SECRET, 'turn.urls': urls });
  await parley.start();
  chromium = await launchChromium();
});
after(async () => {
  await chromium?.close();
  await parley?.stop();
  if (!coturn) return;
  const gone = once(coturn, 'exit');
  coturn.kill('SIGKILL');
  await gone;
  rmSync(dir, { recursive: true });
});

for (const way of ['udp', 'tcp']) {
  test(`a call over coturn by ${way.toUpperCase()}, with the credentials that Parley made`, {
    skip,
  }, async (t) => {
    const [host, guest] = await relayPages(t, chromium, `^turn:${ADDRESS}:\\d+\\?transport=${way}$`);
    await startCall(host, guest, await parley.createRoom());
    await Promise.all([pictureChanges(host), pictureChanges(guest)]);
    for (const page of [host, guest]) {
      assert.deepEqual(await page.evaluate(candidateInUse), { type: 'relay', protocol: way });
      const [{ username }] = await page.evaluate(() => window.__told);
      assert.ok(said.includes(`<${username}>`), `coturn knows ${username}`);
    }
  });
}
