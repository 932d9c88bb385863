/** The way of a newcomer: from signing up to a call in a room of their own, and a forgotten password. */
import assert from 'node:assert/strict';
import { mediaFlows } from './call.mjs';
import { fillIn, openLetter, password, signIn, signOut } from './people.mjs';

async function join(page, server, mail, { email, name }) {
  await page.goto(server.url);
  await page.click('who-signup');
  await fillIn(page, { 'signup-name': name, 'signup-email': email, 'signup-password': password });
  await page.shown('signup-sent', email);
  await openLetter(page, mail, email, 'confirm');
  await fillIn(page, { 'confirm-password': password });
  await page.shown('who', name);
}

/** @returns {Promise<string>} the link */
async function makeRoom(page, name) {
  await page.click('who');
  await page.click('who-rooms');
  await page.click('rooms-make');
  await fillIn(page, { 'room-name': name });
  await page.shown('room', name);
  return page.evaluate(() => document.querySelector('[data-testid="room-join"]').href);
}

async function callIn(host, guest, url, room) {
  await host.click('room-join');
  await host.shown('prejoin-name');
  await host.click('prejoin-join');
  await host.shown('call');
  await guest.goto(url);
  await guest.fill('prejoin-name', 'Bob');
  await guest.click('prejoin-join');
  await guest.shown('waiting');
  await host.shown('knock', 'Bob');
  await host.click('knock-admit');
  await Promise.all([guest.shown('call'), host.shown('peer-name', 'Bob')]);
  await guest.shown('room-chip', room);
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
}

async function forget(page, mail, email, fresh) {
  await page.click('who-signin');
  await page.click('signin-forgot');
  await fillIn(page, { 'forgot-email': email });
  await page.shown('forgot-sent', email);
  await openLetter(page, mail, email, 'reset');
  await fillIn(page, { 'reset-password': fresh });
  await page.shown('reset-done');
}

/**
 * All of it.
 * @param browsers {host, guest}: the guest's may be another
 * @param mail {dataDir} whose outbox/ has the letters
 */
export async function newcomer(t, server, browsers, mail = server) {
  const who = { email: 'ada@example.org', name: 'Ada Lovelace' };
  const room = 'Tea at five';
  const fresh = 'five quite other words now';
  const [host, guest, elsewhere] = await Promise.all([
    browsers.host.page(),
    browsers.guest.page(),
    browsers.guest.page(),
  ]);
  t.after(() => Promise.all([host, guest, elsewhere].map((p) => p.close())));

  await join(host, server, mail, who);
  const url = await makeRoom(host, room);
  await signIn(elsewhere, server, who.email);
  await elsewhere.shown('home-rooms', room);
  await callIn(host, guest, url, room);
  await host.click('leave');
  await host.click('ended-home');
  await signOut(host);
  await forget(host, mail, who.email, fresh);
  await elsewhere.goto(server.url);
  await elsewhere.shown('who-signin');

  await signIn(host, server, who.email);
  await host.shown('signin-password-note', 'not right');
  await signIn(host, server, who.email, fresh);
  await host.shown('home-rooms', room);
  assert.equal(await host.evaluate(() => document.querySelector('[data-testid="home-room"]').href), url);
}
