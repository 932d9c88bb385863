/** Coming in, in the browser: signing up by the letter that is mailed, by invitation, and with a forgotten password. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, letters, link, roomy, until } from '../api/lib/client.mjs';
import { launchChromium } from './lib/browsers.mjs';
import { fillIn, password, path, press, signIn, signUp, someone } from './lib/people.mjs';
import { ParleyServer } from './lib/server.mjs';

let server;
let browser;
before(async () => {
  server = await new ParleyServer(roomy).start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(t, path = '/') {
  const page = await browser.page();
  t.after(() => page.close());
  await page.goto(server.url + path);
  return page;
}

const member = async (t, email) => (await someone(t, server, browser, email, 'Ada')).page;

test('sign up, confirm by mail, sign in, and the name is at the top', async (t) => {
  const page = await open(t);
  await page.click('who-signup');
  await signUp(page, server, 'ada@example.org', 'Ada Lovelace');
  const { url, token } = await link(server, 'ada@example.org', 'confirm');
  await page.goto(url);
  await page.shown('confirm');
  assert.equal(await path(page), '/confirm', 'the token is gone from the address');
  await fillIn(page, { 'confirm-password': 'not this one' });
  await page.shown('confirm-password-note', 'chosen when signing up');
  await fillIn(page, { 'confirm-password': password });
  await page.shown('who', 'Ada Lovelace');
  assert.equal(await path(page), '/');
  await page.reload();
  await page.shown('who', 'Ada Lovelace');
  await page.goto(`${server.url}/confirm#${token}`);
  await fillIn(page, { 'confirm-password': password });
  await page.shown('confirm-bad');
});

test('signing up with an address that has an account looks the same, and tells its owner', async (t) => {
  await member(t, 'twice@example.org');
  const page = await open(t);
  const before = letters(server, 'twice@example.org').length;
  await page.native.context().clearCookies();
  await signUp(page, server, 'twice@example.org', 'Somebody');
  await until(() => letters(server, 'twice@example.org').length > before, 'a letter to the owner');
});

test('a forgotten password: asked for, mailed, set; the old one and the old link are of no use', async (t) => {
  const mine = await member(t, 'reset@example.org');
  const page = await open(t, '/signin');
  await page.native.context().clearCookies();
  await page.reload();
  await page.click('signin-forgot');
  await page.fill('forgot-email', 'reset@example.org');
  await press(page, 'Enter');
  await page.shown('forgot-sent', 'reset@example.org');
  const { url } = await link(server, 'reset@example.org', 'reset');
  await page.goto(url);
  await page.fill('reset-password', 'short');
  await press(page, 'Enter');
  await page.shown('reset-password-note', 'At least');
  await page.fill('reset-password', 'another four words');
  await press(page, 'Enter');
  await page.shown('reset-done');
  await signIn(page, server, 'reset@example.org');
  await page.shown('signin-password-note', 'not right');
  await signIn(page, server, 'reset@example.org', 'another four words');
  await page.shown('who');
  await mine.goto(url);
  await mine.fill('reset-password', 'yet another four words');
  await press(mine, 'Enter');
  await mine.shown('reset-bad');
});

test('the account wants somebody signed in, and comes back to it', async (t) => {
  const page = await member(t, 'back@example.org');
  await page.native.context().clearCookies();
  await page.goto(`${server.url}/account`);
  await page.shown('signin');
  await page.fill('signin-email', 'back@example.org');
  await page.fill('signin-password', password);
  await press(page, 'Enter');
  await page.shown('account');
});

/** The first account of a new server, by the link that it prints; gives a client that is signed in with it. */

async function firstAdmin(fresh) {
  const [, token] = await until(() => /\/setup#([\w-]+)/.exec(fresh.output + fresh.log), 'the link');
  const admin = new Client(fresh.url);
  const made = await admin.post('/setup', { token, name: 'Admin', email: 'admin@example.org', password });
  assert.equal(made.status, 200, made.text);
  return admin;
}

test('by invitation: the mailed link, and nobody else', async (t) => {
  const fresh = await new ParleyServer({ ...roomy, 'accounts.signup': 'invite' }).start();
  t.after(() => fresh.stop());
  const admin = await firstAdmin(fresh);
  const invited = await admin.post('/admin/users/invite', { email: 'bob@example.org', role: 'member' });
  assert.equal(invited.status, 202, invited.text);
  const page = await browser.page();
  t.after(() => page.close());
  await page.goto(`${fresh.url}/signup`);
  await page.shown('signup-closed');
  await page.goto((await link(fresh, 'bob@example.org', 'invite')).url);
  await page.fill('signup-name', 'Bob');
  await page.fill('signup-email', 'somebody-else@example.org');
  await page.fill('signup-password', password);
  await press(page, 'Enter');
  await page.until(() => document.querySelector('[data-testid="form-problem"], [aria-invalid="true"]'));
  await page.until(() => !document.querySelector('[aria-busy="true"]'));
  assert.equal(await page.native.inputValue('[data-testid="signup-name"]'), 'Bob');
  await page.fill('signup-email', 'bob@example.org');
  await press(page, 'Enter');
  await page.shown('signup-sent', 'bob@example.org');
  await page.goto((await link(fresh, 'bob@example.org', 'confirm')).url);
  await fillIn(page, { 'confirm-password': password });
  await page.shown('who', 'Bob');
});
