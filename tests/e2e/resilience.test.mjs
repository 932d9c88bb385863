/** What a running call survives: a broken WebSocket, a page reload, a killed server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesRise, mediaFlows, totals } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';

const fixture = serverAndChromium();

/** Marks the peer connections that live now, so that a test can tell whether they are still the same. */
const markConnections = () => {
  for (const pc of window.__seen.pcs) if (pc.connectionState === 'connected') pc.marked = true;
};
const markedConnected = () =>
  window.__seen.pcs.filter((p) => p.marked && p.connectionState === 'connected').length;

test('a broken WebSocket resumes by itself while the media goes on', async (t) => {
  const { host, guest } = await fixture.call(t);
  await guest.evaluate(markConnections);
  const sockets = await guest.evaluate(() => window.__seen.sockets.length);
  await guest.evaluate(() => window.__seen.sockets.at(-1).close(4999));
  await guest.until(
    (n) => window.__seen.sockets.length > n && window.__seen.sockets.at(-1).readyState === 1,
    sockets,
  );
  assert.equal(await guest.evaluate(markedConnected), 1);
  await framesRise(guest);
  // Signalling works again in both directions.
  await guest.click('toggle-audio');
  await host.shown('peer-muted');
  await host.click('toggle-video');
  await guest.shown('peer-camera-off');
});

test('a page reload comes back into the call by itself', async (t) => {
  const { host, guest } = await fixture.call(t);
  await guest.reload();
  await guest.shown('call');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
  await host.reload();
  await host.shown('call');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});

test('the server is killed in mid-call: media goes on, signalling comes back with the server', async (t) => {
  const { host, guest } = await fixture.call(t);
  await Promise.all([host, guest].map((p) => p.evaluate(markConnections)));
  await fixture.server.kill();
  await host.until(() => window.__seen.sockets.at(-1).readyState === 3, undefined, 'the host to notice');
  const before = await totals(guest);
  await Promise.all([framesRise(host), framesRise(guest)]);
  await fixture.server.start();
  for (const page of [host, guest]) {
    await page.until(() => window.__seen.sockets.at(-1).readyState === 1, undefined, 'a new WebSocket');
  }
  // They are in the room again: what one does reaches the other.
  await guest.click('toggle-audio');
  await host.shown('peer-muted');
  await host.click('toggle-video');
  await guest.shown('peer-camera-off');
  await host.click('toggle-video');
  await Promise.all([framesRise(host), framesRise(guest)]);
  assert.ok((await totals(guest)).framesDecoded > before.framesDecoded);
  for (const page of [host, guest]) assert.equal(await page.evaluate(markedConnected), 1);
  assert.equal(await host.evaluate(() => document.querySelectorAll('[data-testid="knock"]').length), 0);
});
