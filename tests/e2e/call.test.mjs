/** A call between two Chromium windows: what each side sees and hears of the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enter, framesRise, heard, mediaFlows, noProblems, pictureChanges, silent } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';

const fixture = serverAndChromium();

test('from the home page: start a call, send the link, see and hear each other', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  await host.goto(fixture.server.url);
  await host.click('home-start');
  await host.fill('prejoin-name', 'Ada');
  await host.click('prejoin-join');
  await host.shown('alone');
  const link = await host.evaluate(() => location.href);
  assert.match(link, /\/r\/([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}$/);

  await guest.goto(fixture.server.url);
  await guest.fill('home-code', link.split('/r/')[1].replaceAll('-', ' ').toUpperCase());
  await guest.click('home-open');
  await guest.fill('prejoin-name', 'Bob <b>Bobson</b>');
  await guest.click('prejoin-join');
  await guest.shown('waiting');
  await host.shown('knock', 'Bob <b>Bobson</b>');
  await host.click('knock-admit');
  await guest.shown('call');

  await Promise.all([host, guest].map(mediaFlows));
  await Promise.all([host, guest].map(pictureChanges));
  await host.shown('peer-name', 'Bob <b>Bobson</b>');
  await guest.shown('peer-name', 'Ada');
  noProblems(host, guest);
});

test('mute is silence on the other side, and back', async (t) => {
  const { host, guest } = await fixture.call(t);
  await guest.click('toggle-audio');
  await host.shown('peer-muted');
  await silent(host);
  await heard(guest);
  await guest.click('toggle-audio');
  await host.gone('peer-muted');
  await heard(host);
  noProblems(host, guest);
});

test('camera off stops the track and reaches the other side; on again shows it', async (t) => {
  const { host, guest } = await fixture.call(t);
  await guest.click('toggle-video');
  await host.shown('peer-camera-off');
  await guest.until(
    () => window.__seen.tracks.filter((k) => k.kind === 'video').every((k) => k.readyState === 'ended'),
    undefined,
    'every video track to have ended',
  );
  await framesRise(guest);
  await guest.click('toggle-video');
  await host.gone('peer-camera-off');
  await framesRise(host);
  await pictureChanges(host);
  noProblems(host, guest);
});

test('leaving reaches the other side at once, and coming back works', async (t) => {
  const { host, guest, room } = await fixture.call(t);
  await guest.click('leave');
  await guest.shown('ended');
  await host.shown('alone');
  await guest.until(
    () =>
      window.__seen.tracks.every((k) => k.readyState === 'ended') &&
      window.__seen.pcs.every((p) => p.connectionState === 'closed'),
    undefined,
    'devices and connections to be let go',
  );
  await enter(guest, room.url, 'Bob again');
  await host.shown('knock', 'Bob again');
  await host.click('knock-admit');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
  noProblems(host, guest);
});

test('joining without camera and microphone: one sees, the other is seen', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom({ knock: false });
  await enter(host, room.url, 'Ada');
  await guest.goto(room.url);
  await guest.fill('prejoin-name', 'Bob');
  await guest.click('toggle-video');
  await guest.click('toggle-audio');
  await guest.click('prejoin-join');
  await host.shown('peer-camera-off');
  await host.shown('peer-muted');
  await mediaFlows(guest);
  await guest.click('toggle-video');
  await framesRise(host);
  noProblems(host, guest);
});

test('the timeline of a call has every mark, in order', async (t) => {
  const { guest } = await fixture.call(t);
  const marks = await guest.until(() => {
    const found = performance.getEntriesByType('mark').filter((m) => m.name.startsWith('parley:'));
    return (
      found.some((m) => m.name === 'parley:first-frame') && found.map((m) => [m.name.slice(7), m.startTime])
    );
  });
  const at = Object.fromEntries(marks);
  for (const name of ['click', 'ws', 'media', 'offer', 'answer', 'ice', 'dtls', 'first-frame']) {
    assert.ok(name in at, `mark ${name} is missing`);
  }
  assert.ok(at.ws <= at.click, 'the WebSocket is open before the click');
  assert.ok(at.offer <= at.answer && at.answer <= at.dtls && at.dtls <= at['first-frame']);
});
