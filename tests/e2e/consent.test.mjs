/** Who gets in: knocking, refusing, full rooms, unknown rooms; and that nothing reaches anybody before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enter, mediaFlows, startCall } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';

const fixture = serverAndChromium();

const remoteDescriptions = () => window.__seen.pcs.filter((p) => p.remoteDescription !== null).length;

test('a refused newcomer is told so, and nothing of them reached the host', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom();
  await enter(host, room.url, 'Ada');
  await host.shown('call');
  await enter(guest, room.url, 'Mallory');
  await guest.shown('waiting');
  await host.shown('knock', 'Mallory');
  assert.equal(await host.evaluate(remoteDescriptions), 0);
  await host.click('knock-refuse');
  await guest.until(() => document.querySelector('[data-testid="ended"]')?.dataset.reason === 'refused');
  assert.equal(await host.evaluate(remoteDescriptions), 0);
  assert.equal(await guest.evaluate(remoteDescriptions), 0);
});

test('a newcomer who gives up waiting is no longer shown to the host', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom();
  await enter(host, room.url, 'Ada');
  await enter(guest, room.url, 'Bob');
  await host.shown('knock');
  await guest.click('waiting-cancel');
  await host.gone('knock');
});

test('with knocking switched off by the host the next one comes straight in', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom();
  await enter(host, room.url, 'Ada');
  await host.shown('call');
  await host.click('people-open');
  await host.click('knock-toggle');
  await enter(guest, room.url, 'Bob');
  await guest.shown('call');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});

test('the third participant is told that the room is full', async (t) => {
  const [host, guest, third] = await fixture.pages(t, 3);
  const room = await fixture.server.createRoom({ knock: false });
  await startCall(host, guest, room);
  await enter(third, room.url, 'Eve');
  await third.until(() => document.querySelector('[data-testid="ended"]')?.dataset.reason === 'room-full');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});

test('an unknown room says so, and a code that is none is told at once', async (t) => {
  const [page] = await fixture.pages(t, 1);
  await page.goto(`${fixture.server.url}/r/00000-00000-00000-00000`);
  await page.until(() => document.querySelector('[data-testid="ended"]')?.dataset.reason === 'room-unknown');
  await page.goto(fixture.server.url);
  await page.fill('home-code', 'not a code');
  await page.click('home-open');
  await page.shown('home-error');
});
