/**
 * Coming back: by the link after the tab was closed, by the browser's back and forward. Nobody is locked out by a
 * seat of their own, and nobody gets in by another one's absence.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enter, mediaFlows, startCall } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';
import { ParleyServer } from './lib/server.mjs';
import { closeTab, tabBeside } from './lib/tabs.mjs';

/** Longer than any step of a test waits: a seat that goes sooner was given up. */
const fixture = serverAndChromium({ 'limits.reload_s': 600, 'limits.resume_s': 600 });

const shows = (page, id) =>
  page.evaluate((wanted) => document.querySelector(`[data-testid="${wanted}"]`) !== null, id);

/** In by the link again, without knocking; the name is there already. */
async function comeBack(page, url) {
  await page.goto(url);
  await page.click('prejoin-join');
  await Promise.race([page.shown('call'), page.shown('waiting')]);
  assert.equal(await shows(page, 'waiting'), false, 'has to knock at the own call');
}

/** The tab is closed; another one of the same browser takes its place. */
async function reopened(t, page, url) {
  const next = await tabBeside(page);
  t.after(() => next.close());
  await closeTab(page);
  await comeBack(next, url);
  return next;
}

/** Only the host has the switch for knocking. */
async function isHost(page) {
  await page.click('people-open');
  await page.shown('knock-toggle');
  await page.native.keyboard.press('Escape');
}

test('the tab is closed and the link opened again at once: guest, then host', async (t) => {
  const { host, guest, room } = await fixture.call(t);
  const guestAgain = await reopened(t, guest, room.url);
  await Promise.all([mediaFlows(host), mediaFlows(guestAgain)]);
  assert.equal(await shows(host, 'knock'), false);
  const hostAgain = await reopened(t, host, room.url);
  await Promise.all([mediaFlows(hostAgain), mediaFlows(guestAgain)]);
  await isHost(hostAgain);
});

test('the other one is told that a page has closed', async (t) => {
  const { host, guest } = await fixture.call(t);
  await closeTab(guest);
  await host.shown('peer-away', 'is reloading or has left');
});

test('two tabs of one browser in a room are two people', async (t) => {
  const [page] = await fixture.pages(t, 1);
  const room = await fixture.server.createRoom({ knock: false });
  await enter(page, room.url, 'Ada');
  await page.shown('alone');
  const second = await tabBeside(page);
  t.after(() => second.close());
  await comeBack(second, room.url);
  await Promise.all([mediaFlows(page), mediaFlows(second)]);
});

test('to another page of the site and back, and in again', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom({ knock: false });
  await startCall(host, guest, room);
  await guest.goto(fixture.server.url);
  await host.shown('alone');
  await guest.native.goBack();
  await guest.click('prejoin-join');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
  await guest.native.goForward();
  await host.shown('alone');
  await enter(guest, room.url, 'Bob');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});

test('back and forward within the app', async (t) => {
  const [host, guest] = await fixture.pages(t, 2);
  const room = await fixture.server.createRoom({ knock: false });
  await enter(host, room.url, 'Ada');
  await guest.goto(fixture.server.url);
  await guest.fill('home-code', room.url);
  await guest.click('home-open');
  await guest.fill('prejoin-name', 'Bob');
  await guest.click('prejoin-join');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
  await guest.native.goBack();
  await guest.shown('home-start');
  await host.shown('alone');
  await guest.native.goForward();
  await guest.click('prejoin-join');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});

test('the link of another room while in a call', async (t) => {
  const { host, guest } = await fixture.call(t);
  const other = await fixture.server.createRoom();
  await enter(guest, other.url, 'Bob');
  await guest.shown('alone');
  await host.shown('alone');
});

test('the host, alone, closes the tab and is host again by the link', async (t) => {
  const [host] = await fixture.pages(t, 1);
  const room = await fixture.server.createRoom();
  await enter(host, room.url, 'Ada');
  await host.shown('alone');
  await isHost(await reopened(t, host, room.url));
});

/** Host in the room, a stranger at the door. */
async function besieged(t, server) {
  const [host, stranger] = await fixture.pages(t, 2);
  const room = await server.createRoom();
  await enter(host, room.url, 'Ada');
  await host.shown('call');
  await enter(stranger, room.url, 'Mallory');
  await host.shown('knock', 'Mallory');
  return { host, stranger, room };
}

async function stillAtTheDoor(host, stranger) {
  await host.shown('knock', 'Mallory');
  assert.equal(await shows(stranger, 'waiting'), true);
  await isHost(host);
  await host.click('knock-admit');
  await Promise.all([mediaFlows(host), mediaFlows(stranger)]);
}

test('the host’s page closes: who waits goes on waiting, and the host hears of them again', async (t) => {
  const { host, stranger, room } = await besieged(t, fixture.server);
  const again = await reopened(t, host, room.url);
  await stillAtTheDoor(again, stranger);
});

test('nor does anybody get in when the host’s seat has run out', async (t) => {
  const server = await new ParleyServer({ 'limits.reload_s': 1 }).start();
  t.after(() => server.stop());
  const { host, stranger, room } = await besieged(t, server);
  // Another call, left in the same way after the host: when its seat is gone, so is the host's.
  const [clock, watcher] = await fixture.pages(t, 2);
  await startCall(clock, watcher, await server.createRoom({ knock: false }));
  const again = await tabBeside(host);
  t.after(() => again.close());
  await closeTab(host);
  await closeTab(clock);
  await watcher.shown('alone');
  assert.equal(await shows(stranger, 'waiting'), true);
  await comeBack(again, room.url);
  await stillAtTheDoor(again, stranger);
});

test('the first host comes back late and is host again, though somebody else was meanwhile', async (t) => {
  const server = await new ParleyServer({ 'limits.reload_s': 1 }).start();
  t.after(() => server.stop());
  const [host, guest] = await fixture.pages(t, 2);
  const room = await server.createRoom();
  await startCall(host, guest, room);
  const again = await tabBeside(host);
  t.after(() => again.close());
  await closeTab(host);
  await guest.shown('alone');
  await isHost(guest);
  await comeBack(again, room.url);
  await Promise.all([mediaFlows(again), mediaFlows(guest)]);
  await isHost(again);
});
