/** Rooms with an owner, in the browser: who comes in, and what a host may do in a call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomy } from '../api/lib/client.mjs';
import { enter, framesRise, mediaFlows } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';
import { fillIn, lastingRoom, over, password, path, signIn, someone, value } from './lib/people.mjs';

const at = serverAndChromium(roomy);

let count = 0;
const owner = (t, name = 'Ada') => someone(t, at.server, at.browser, `owner${++count}@example.org`, name);

/** The owner of a room without knocking, and a guest, in a call. */
async function callIn(t, options = {}) {
  const ada = await owner(t);
  const room = await lastingRoom(ada, { name: 'Tuesdays', knock: false, ...options });
  const [guest] = await at.pages(t, 1);
  await ada.page.goto(room.url);
  await ada.page.click('prejoin-join');
  await ada.page.shown('call');
  await enter(guest, room.url, 'Bob');
  await guest.shown('peer-name', 'Ada');
  await Promise.all([framesRise(ada.page), framesRise(guest)]);
  return { ada, host: ada.page, guest, room };
}

test('a room is made, changed, locked and deleted on the page of one’s rooms', async (t) => {
  const { page } = await owner(t);
  await page.goto(`${at.server.url}/rooms`);
  await page.click('rooms-first');
  await page.fill('room-name', 'Book club');
  await page.native.uncheck('[data-testid="room-guests"]');
  await fillIn(page, { 'room-password': 'between the lines' });
  await page.shown('room', 'Book club');
  await page.shown('room', 'Password');
  const url = await page.evaluate(() => document.querySelector('[data-testid="room-join"]').href);
  assert.match(url, new RegExp(`^${at.server.url}/r/[\\w-]+$`));
  await page.click('room-edit');
  await page.native.check('[data-testid="room-no-password"]');
  await page.native.check('[data-testid="room-guests"]');
  await fillIn(page, { 'room-name': 'Reading group' });
  await page.shown('room', 'Reading group');
  await page.click('room-lock');
  await page.shown('room', 'Locked');
  await page.reload();
  await page.shown('room', 'Locked');

  const [guest] = await at.pages(t, 1);
  await guest.goto(url);
  await guest.shown('door', 'locked');
  await page.click('room-lock');
  await page.shown('room', 'Lock');
  await guest.click('door-action');
  await guest.shown('prejoin-name');
  await page.click('room-remove');
  await page.click('room-remove-yes');
  await page.shown('rooms-none');
  await guest.reload();
  await over(guest, 'room-unknown');
});

test('a room’s password: asked of a guest, wrong once, and never of the owner', async (t) => {
  const ada = await owner(t);
  const room = await lastingRoom(ada, { name: 'Vault', knock: true, password: 'sesame street' });
  const [guest] = await at.pages(t, 1);
  await guest.goto(room.url);
  await fillIn(guest, { 'prejoin-name': 'Bob', 'prejoin-password': 'wrong one' });
  await guest.shown('prejoin-password-note', 'not the password');
  assert.equal(await value(guest, 'prejoin-name'), 'Bob');
  assert.equal(await value(guest, 'prejoin-password'), 'wrong one', 'what was typed can be mended');
  await fillIn(guest, { 'prejoin-password': 'sesame street' });
  await guest.shown('waiting', 'host');
  await ada.page.goto(room.url);
  await ada.page.shown('prejoin-room', 'yours');
  assert.equal(await value(ada.page, 'prejoin-name'), 'Ada');
  await ada.page.click('prejoin-join');
  await ada.page.click('knock-admit');
  await Promise.all([mediaFlows(ada.page), mediaFlows(guest)]);
});

test('members only: a guest is asked to sign in, and comes back', async (t) => {
  const ada = await owner(t);
  const other = await owner(t, 'Bob');
  const room = await lastingRoom(ada, { name: 'Staff', knock: false, guests: false });
  const [guest] = await at.pages(t, 1);
  await guest.goto(room.url);
  await guest.shown('door', 'people with an account');
  await guest.click('door-action');
  await guest.shown('signin');
  await fillIn(guest, { 'signin-email': other.email, 'signin-password': password });
  await guest.shown('prejoin-join');
  assert.equal(await path(guest), new URL(room.url).pathname);
  assert.equal(await value(guest, 'prejoin-name'), 'Bob');
  await guest.click('prejoin-join');
  await guest.shown('alone');
});

test('the host locks the room: nobody else comes in until it is open again', async (t) => {
  const { host, guest, room } = await callIn(t);
  await host.click('people-open');
  await host.click('lock-toggle');
  await guest.shown('room-chip', 'Locked');
  await guest.click('leave');
  await over(guest, 'left');
  await guest.click('ended-rejoin');
  await guest.shown('door', 'locked');
  const [late] = await at.pages(t, 1);
  await late.goto(room.url);
  await late.shown('door', 'locked');
  await host.click('lock-toggle');
  await host.until(() => !document.querySelector('[data-testid="lock-toggle"]').checked);
  await late.click('door-action');
  await late.fill('prejoin-name', 'Bob');
  await late.click('prejoin-join');
  await Promise.all([mediaFlows(host), mediaFlows(late)]);
});

test('the host removes somebody, who is out at once', async (t) => {
  const { host, guest } = await callIn(t);
  await host.click('people-open');
  await host.click('person-manage');
  await host.click('person-remove');
  await host.click('person-remove-yes');
  await over(guest, 'removed');
  await host.shown('alone');
});

test('another host: the owner hands the role on, and takes it back', async (t) => {
  const { host, guest } = await callIn(t);
  await guest.click('people-open');
  await guest.shown('people');
  await guest.gone('lock-toggle');
  await guest.gone('person-manage');
  await host.click('people-open');
  await host.click('person-manage');
  await host.click('person-host');
  await guest.shown('lock-toggle');
  await guest.click('person-manage');
  await guest.shown('person-host');
  await guest.gone('person-remove'); // nobody puts the owner out of their own room
  await host.click('take-host');
  await guest.gone('lock-toggle');
  await host.gone('take-host');
});

test('the host ends the call for everybody', async (t) => {
  const { host, guest } = await callIn(t);
  await host.click('people-open');
  await host.click('end-call');
  await host.click('end-call-yes');
  await over(guest, 'ended-by-host');
  await over(host, 'ended');
});

test('signed out from another browser, a call of that sign-in ends at once', async (t) => {
  const { ada, host, guest } = await callIn(t);
  const [other] = await at.pages(t, 1);
  await signIn(other, at.server, ada.email, password);
  await other.shown('who');
  await other.goto(`${at.server.url}/account`);
  await other.until(() => document.querySelectorAll('[data-testid="sessions"] li').length === 2);
  await other.click('session-end');
  await over(host, 'signed-out');
  assert.ok(await host.evaluate(() => window.__seen.sockets[0].readyState >= WebSocket.CLOSING));
  await guest.shown('alone');
  await host.shown('ended-signin');
});

test('the owner’s room outlives its call and the server', async (t) => {
  const { ada, host, guest, room } = await callIn(t, { name: 'Every day' });
  await Promise.all([host.click('leave'), guest.click('leave')]);
  await Promise.all([over(host, 'left'), over(guest, 'left')]);
  await at.server.kill();
  await at.server.start();
  await enter(guest, room.url, 'Bob');
  await guest.shown('room-chip', 'Every day');
  await host.goto(`${at.server.url}/rooms`);
  await host.shown('who', ada.name);
  await host.click('room-join');
  await host.click('prejoin-join');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
});
