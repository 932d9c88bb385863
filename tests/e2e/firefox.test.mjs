/** A call between Chromium and Firefox ESR, each of them as host. */
import { after, before, test } from 'node:test';
import { launchChromium, launchFirefox } from './lib/browsers.mjs';
import { framesRise, heard, pictureChanges, silent, startCall } from './lib/call.mjs';
import { ParleyServer } from './lib/server.mjs';

let server;
let chromium;
let firefox;
before(async () => {
  server = await new ParleyServer().start();
  [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
});
after(async () => {
  await Promise.all([chromium?.close(), firefox?.close()]);
  await server?.stop();
});

async function inCall(t, hostBrowser, guestBrowser) {
  const host = await hostBrowser.page();
  const guest = await guestBrowser.page();
  t.after(() => Promise.all([host.close(), guest.close()]));
  await startCall(host, guest, await server.createRoom());
  return { host, guest };
}

test('Firefox joins Chromium: both see and hear', async (t) => {
  const { host, guest } = await inCall(t, chromium, firefox);
  await Promise.all([pictureChanges(host), pictureChanges(guest)]);
});

test('Chromium joins Firefox: both see and hear, mute and camera reach the other', async (t) => {
  const { host, guest } = await inCall(t, firefox, chromium);
  await Promise.all([pictureChanges(host), pictureChanges(guest)]);
  await host.click('toggle-audio');
  await guest.shown('peer-muted');
  await silent(guest);
  await host.click('toggle-audio');
  await heard(guest);
  await host.click('toggle-video');
  await guest.shown('peer-camera-off');
  await host.click('toggle-video');
  await framesRise(guest);
});
