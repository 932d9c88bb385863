/** The administration in the browser, from the link printed at the first start to what the log says in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomy, until } from '../api/lib/client.mjs';
import { enter } from './lib/call.mjs';
import { serverAndChromium } from './lib/fixture.mjs';
import { fillIn, lastingRoom, openLetter, over, password, path, signIn, someone } from './lib/people.mjs';

const at = serverAndChromium(roomy);
const email = 'admin@example.org';

/** The administrator's page, on one of its parts. */
async function admin(t, part) {
  const [page] = await at.pages(t, 1);
  await signIn(page, at.server, email);
  await page.shown('who');
  await page.click('who');
  await page.click('who-admin');
  await page.click(`admin-${part}`);
  return page;
}

async function manage(page, user) {
  await page.fill('users-search', user);
  await page.until(() => document.querySelectorAll('[data-testid="user"]').length === 1);
  await page.shown('user', user);
  await page.click('user-manage');
}

async function sure(page, what) {
  await page.click(what);
  await page.click(`${what}-yes`);
}

test('the link printed at the first start makes the administrator, once', async (t) => {
  const [, token] = await until(() => /\/setup#([\w-]+)/.exec(at.server.output), 'the link');
  const [page, late] = await at.pages(t, 2);
  await page.goto(`${at.server.url}/setup#${token}`);
  await page.shown('setup');
  assert.equal(await path(page), '/setup', 'the token is gone from the address');
  await fillIn(page, { 'signup-name': 'Ada', 'signup-email': email, 'signup-password': password });
  await page.shown('who', 'Ada');
  await page.click('who');
  await page.click('who-admin');
  await page.shown('user', email);
  await late.goto(`${at.server.url}/setup#${token}`);
  await fillIn(late, {
    'signup-name': 'Eve',
    'signup-email': 'eve@example.org',
    'signup-password': password,
  });
  await late.shown('form-problem');
  await late.gone('who');
});

test('somebody is invited, found, made administrator and member again', async (t) => {
  const page = await admin(t, 'users');
  await page.click('invite-open');
  await fillIn(page, { 'invite-email': 'bob@example.org' });
  await page.gone('invite-form');
  const [bob] = await at.pages(t, 1);
  await openLetter(bob, at.server, 'bob@example.org', 'invite');
  await fillIn(bob, {
    'signup-name': 'Bob',
    'signup-email': 'bob@example.org',
    'signup-password': password,
  });
  await bob.shown('signup-sent');
  await openLetter(bob, at.server, 'bob@example.org', 'confirm');
  await fillIn(bob, { 'confirm-password': password });
  await bob.click('who');
  await bob.gone('who-admin');

  await manage(page, 'bob@example.org');
  await sure(page, 'user-role');
  await page.shown('user', 'dmin');
  await signIn(bob, at.server, 'bob@example.org'); // a change of role ends what was signed in before
  await bob.shown('who');
  await bob.click('who');
  await bob.click('who-admin');
  await bob.shown('users');
  await page.click('user-role');
  await page.click('user-role-yes');
  await bob.goto(`${at.server.url}/admin`);
  await bob.shown('signin');
});

test('to a member the administration says nothing', async (t) => {
  const { page } = await someone(t, at.server, at.browser, 'curious@example.org', 'Bob');
  await page.goto(`${at.server.url}/admin`);
  await page.shown('who', 'Bob');
  await page.gone('admin-users');
  assert.equal(
    await page.evaluate(async () => (await fetch('/api/v1/admin/users')).status),
    403,
    'nor does the server',
  );
});

test('a call is ended; a disabled account is out of its call, and cannot sign in', async (t) => {
  const page = await admin(t, 'calls');
  const bob = await someone(t, at.server, at.browser, 'busy@example.org', 'Bob');
  const room = await lastingRoom(bob, { name: 'Long talk', knock: false });
  const [guest] = await at.pages(t, 1);
  await bob.page.goto(room.url);
  await bob.page.click('prejoin-join');
  await bob.page.shown('call');
  await enter(guest, room.url, 'Carol');
  await guest.shown('peer-name', 'Bob');
  await page.click('calls-refresh');
  await page.shown('calls', 'Long talk');
  await page.shown('calls', '2');
  await sure(page, 'call-end');
  await Promise.all([over(bob.page, 'ended-by-admin'), over(guest, 'ended-by-admin')]);

  await bob.page.goto(room.url);
  await bob.page.click('prejoin-join');
  await bob.page.shown('call');
  await page.click('admin-users');
  await manage(page, 'busy@example.org');
  await sure(page, 'user-disable');
  await over(bob.page, 'signed-out');
  await signIn(bob.page, at.server, 'busy@example.org', password);
  await bob.page.shown('signin-password-note', 'not right');
  await page.click('user-enable');
  await page.shown('user-disable');
  await signIn(bob.page, at.server, 'busy@example.org', password);
  await bob.page.shown('who', 'Bob');
  await sure(page, 'user-signout');
  await bob.page.goto(`${at.server.url}/account`);
  await bob.page.shown('signin');
  await sure(page, 'user-remove');
  await page.gone('user');
  await signIn(bob.page, at.server, 'busy@example.org', password);
  await bob.page.shown('signin-password-note', 'not right');
});

test('settings count at once, and the log has all of it', async (t) => {
  const page = await admin(t, 'settings');
  const choose = (setting, value) => page.native.selectOption(`[data-testid="setting-${setting}"]`, value);
  await choose('accounts.signup', 'closed');
  await choose('rooms.create', 'members');
  const [guest] = await at.pages(t, 1);
  await guest.goto(at.server.url);
  await guest.shown('home-rule', 'with an account');
  await guest.gone('who-signup');
  await guest.goto(`${at.server.url}/signup`);
  await guest.shown('signup-closed');
  await page.click('admin-log');
  await page.shown('event', 'rooms.create');
  const log = await page.evaluate(() => document.querySelector('[data-testid="log"]').textContent);
  // Of a deleted account the deeds stay, without its address.
  const deeds = [
    'invited bob@example.org',
    'changed the role of bob@example.org: admin',
    'ended the call in',
  ];
  for (const wanted of [...deeds, 'disabled', 'enabled', 'signed out', 'deleted', 'rooms.create: members']) {
    assert.ok(log.includes(wanted), `${wanted} in ${log}`);
  }
  assert.ok(!log.includes('busy@example.org'));
});

test('the last administrator cannot resign', async (t) => {
  const page = await admin(t, 'users');
  await manage(page, email);
  await sure(page, 'user-role');
  await page.shown('user', 'last');
  await page.reload();
  await page.shown('admin');
});
