/** Cameras and microphones that are refused, missing or impossible: what the person reads, and that they get in anyway. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from './lib/browsers.mjs';
import { enter, framesRise, heard } from './lib/call.mjs';
import { ParleyServer } from './lib/server.mjs';

let server;
before(async () => {
  server = await new ParleyServer({ 'rooms.knock': 'off', 'server.listen': '*' }).start();
});
after(() => server?.stop());

async function pageOf(t, { remove = [], ...options } = {}) {
  const browser = await launchChromium([], remove);
  t.after(() => browser.close());
  return browser.page(options);
}

const fakeUi = '--use-fake-ui-for-media-stream';
const fakeDevice = '--use-fake-device-for-media-stream';

test('refused devices: each says what to do, and the call works without them', async (t) => {
  // Without the flag that answers the browser's prompt, a headless browser says no to it.
  const refused = await pageOf(t, { remove: [fakeUi] });
  const other = await pageOf(t);
  const room = await server.createRoom();
  await enter(other, room.url, 'Ada');
  await refused.goto(room.url);
  await refused.shown('problem-audio', 'may not use your microphone');
  await refused.shown('problem-video', 'may not use your camera');
  await refused.fill('prejoin-name', 'Bob');
  await refused.click('prejoin-join');
  await refused.shown('call');
  await Promise.all([framesRise(refused), heard(refused)]);
  await other.shown('peer-muted');
});

test('no devices at all', async (t) => {
  const page = await pageOf(t, { remove: [fakeDevice] });
  await page.goto((await server.createRoom()).url);
  await page.shown('problem-audio', 'No microphone found');
  await page.shown('problem-video', 'No camera found');
});

test('a page that is not secure says so', async (t) => {
  const page = await pageOf(t);
  const room = await server.createRoom();
  await page.goto(`http://198.51.100.10:${server.port}/r/${room.id}`);
  await page.shown('problem-video', 'secure page');
});

test('a browser without WebRTC says so', async (t) => {
  const page = await pageOf(t);
  await page.native.addInitScript(() => {
    delete window.RTCPeerConnection;
  });
  await page.goto((await server.createRoom()).url);
  await page.shown('problem-video', 'This browser cannot');
});

test('choices are remembered: name, camera off, chosen microphone', async (t) => {
  const page = await pageOf(t);
  const { url } = await server.createRoom();
  await page.goto(url);
  await page.fill('prejoin-name', 'Ada Lovelace');
  await page.click('toggle-video');
  const chosen = await page.until(() => {
    const select = document.querySelector('[data-testid="select-microphone"]');
    return select && select.options.length > 2 && select.options[2].value;
  });
  await page.native.selectOption('[data-testid="select-microphone"]', chosen);
  await page.click('prejoin-join');
  await page.shown('call');
  await page.click('leave');
  await page.shown('ended');
  await page.goto((await server.createRoom()).url);
  await page.until(() => document.querySelector('[data-testid="prejoin-name"]')?.value === 'Ada Lovelace');
  await page.until((id) => document.querySelector('[data-testid="select-microphone"]')?.value === id, chosen);
  assert.equal(
    await page.evaluate(() => document.querySelector('[data-testid="toggle-video"]').ariaPressed),
    'false',
  );
});
