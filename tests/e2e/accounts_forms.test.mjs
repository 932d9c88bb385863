/** What holds for every form of accounts: text stays text, nothing typed is lost, browsers can fill it, no mouse is needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { link, roomy } from '../api/lib/client.mjs';
import { enter } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';
import { fillIn, lastingRoom, openLetter, password, press, someone, value } from './lib/people.mjs';

const at = serverAndChromium(roomy);

/** Markup that would say so, were it taken for more than text; short enough for a name. */
const evil = (where) => `<img src=x onerror=__ran=1>${where}`;

/** None of it ran, and none of it became an element. */
async function onlyText(page, where) {
  const found = await page.evaluate(() => [window.__ran, document.querySelectorAll('[onerror]').length]);
  assert.deepEqual(found, [undefined, 0], where);
}

test('markup in the name of a person, a room, a token and a guest stays text', async (t) => {
  const name = evil('name');
  const ada = await someone(t, at.server, at.browser, 'markup@example.org', name);
  const { page } = ada;
  const room = await lastingRoom(ada, { name: evil('room'), knock: true });
  const token = await ada.client.post('/account/tokens', {
    password,
    name: evil('token'),
    scopes: ['account:read'],
  });
  assert.equal(token.status, 201, token.text);
  await page.goto(at.server.url);
  await page.shown('who', name);
  await page.shown('home-room', evil('room'));
  await onlyText(page, 'home');
  await page.goto(`${at.server.url}/rooms`);
  await page.shown('room', evil('room'));
  await onlyText(page, 'rooms');
  await page.goto(`${at.server.url}/account`);
  await page.shown('tokens', evil('token'));
  assert.equal(await value(page, 'profile-name'), name);
  await onlyText(page, 'account');

  const [guest] = await at.pages(t, 1);
  await page.goto(room.url);
  await page.click('prejoin-join');
  await page.shown('room-chip', evil('room'));
  await enter(guest, room.url, evil('guest'));
  await page.shown('knock', evil('guest'));
  await onlyText(page, 'knock');
  await page.click('knock-admit');
  await guest.shown('peer-name', name);
  await page.click('people-open');
  await page.shown('person', evil('guest'));
  await onlyText(page, 'call');
  await onlyText(guest, 'the guest’s call');
});

test('markup in an address, and in what is behind #, stays text', async (t) => {
  const [page] = await at.pages(t, 1);
  await page.goto(`${at.server.url}/signin`);
  await fillIn(page, { 'signin-email': evil('email'), 'signin-password': password });
  await page.shown('signin-email-note');
  await onlyText(page, 'signin');
  for (const place of ['confirm', 'reset', 'email', 'invite', 'setup']) {
    await page.goto(`${at.server.url}/${place}#${encodeURIComponent(evil(place))}`);
    await page.shown('who-signin');
    await onlyText(page, place);
  }
  const letters = await at.server.createRoom();
  await page.goto(`${letters.url}?${evil('query')}`);
  await page.shown('prejoin-name');
  await onlyText(page, 'room');
});

test('what is wrong stands beside its field, which has the focus; nothing typed is lost', async (t) => {
  const [page] = await at.pages(t, 1);
  await page.goto(`${at.server.url}/signup`);
  await fillIn(page, { 'signup-name': 'Ada', 'signup-email': 'not an address', 'signup-password': 'short' });
  await page.shown('signup-email-note');
  await page.until(() => document.activeElement?.dataset.testid === 'signup-email');
  const described = await page.evaluate(() => {
    const field = document.activeElement;
    return [field.ariaInvalid, document.getElementById(field.getAttribute('aria-describedby')) !== null];
  });
  assert.deepEqual(described, ['true', true]);
  const typed = { 'signup-name': 'Ada', 'signup-email': 'not an address', 'signup-password': 'short' };
  for (const [id, text] of Object.entries(typed)) assert.equal(await value(page, id), text);
});

test('with the server away a form says so, keeps what was typed, and works when it is back', async (t) => {
  const [page] = await at.pages(t, 1);
  await page.goto(`${at.server.url}/signup`);
  await page.shown('signup-form');
  await at.server.kill();
  const typed = { 'signup-name': 'Ada', 'signup-email': 'later@example.org', 'signup-password': password };
  await fillIn(page, typed);
  await page.shown('form-problem');
  for (const [id, text] of Object.entries(typed)) assert.equal(await value(page, id), text);
  await at.server.start();
  await page.click('signup-submit');
  await page.shown('signup-sent', 'later@example.org');
  await link(at.server, 'later@example.org', 'confirm');
});

/** In shape; the page asks the server only when its form is sent. */
const token = 'A'.repeat(43);

/** What password managers go by: type and autocomplete of each field of a form. */
const expected = {
  '/signup': { name: 'text name', email: 'email username', password: 'password new-password' },
  '/signin': { email: 'email username', password: 'password current-password' },
  '/forgot': { email: 'email username' },
  [`/reset#${token}`]: { password: 'password new-password' },
  [`/setup#${token}`]: { name: 'text name', email: 'email username', password: 'password new-password' },
};

test('password managers know every field', async (t) => {
  const [page] = await at.pages(t, 1);
  for (const [place, fields] of Object.entries(expected)) {
    await page.goto(at.server.url);
    await page.goto(at.server.url + place);
    await page.until(() => document.querySelector('form input[name="email"], form input[name="password"]'));
    const found = await page.evaluate(() =>
      Object.fromEntries(
        [...document.querySelectorAll('form input')]
          .filter((i) => i.checkVisibility())
          .map((i) => [i.name, `${i.type} ${i.autocomplete}`]),
      ),
    );
    assert.deepEqual(found, fields, place);
  }
});

async function tabTo(page, id) {
  for (let i = 0; i < 40; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.dataset.testid === wanted, id)) return;
    await press(page, 'Tab');
  }
  assert.fail(`${id} is not reached with Tab\n${await page.describe()}`);
}

async function type(page, id, text) {
  await page.shown(id);
  await tabTo(page, id);
  await page.native.keyboard.type(text);
}

async function enterOn(page, id) {
  await page.shown(id);
  await tabTo(page, id);
  await press(page, 'Enter');
}

test('from signing up to a room of one’s own with the keyboard alone', async (t) => {
  const [page] = await at.pages(t, 1);
  await page.goto(at.server.url);
  await enterOn(page, 'who-signup');
  await type(page, 'signup-name', 'Ada');
  await type(page, 'signup-email', 'keys@example.org');
  await type(page, 'signup-password', password);
  await press(page, 'Enter');
  await page.shown('signup-sent');
  await openLetter(page, at.server, 'keys@example.org', 'confirm');
  await type(page, 'confirm-password', password);
  await press(page, 'Enter');
  await enterOn(page, 'who');
  await enterOn(page, 'who-rooms');
  await enterOn(page, 'rooms-first');
  await type(page, 'room-name', 'Keys');
  await enterOn(page, 'room-submit');
  await page.shown('room', 'Keys');
  await enterOn(page, 'room-join');
  await enterOn(page, 'prejoin-join');
  await page.shown('call');
  await enterOn(page, 'people-open');
  await page.shown('people');
});
