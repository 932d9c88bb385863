/** Accounts in the browser: from signing up to deleting, as a newcomer does it, with the letters that are mailed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, letters, link, roomy, until } from '../api/lib/client.mjs';
import { totpCode, virtualKey } from './lib/authenticator.mjs';
import { launchChromium, launchFirefox } from './lib/browsers.mjs';
import { ParleyServer } from './lib/server.mjs';

const password = 'four words in a row';

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

const press = (page, key) => page.native.keyboard.press(key);
const path = (page) => page.evaluate(() => location.pathname + location.hash);

async function signUp(page, email, name) {
  await page.goto(`${server.url}/signup`);
  await page.fill('signup-name', name);
  await page.fill('signup-email', email);
  await page.fill('signup-password', password);
  await press(page, 'Enter');
  await page.shown('signup-sent', email);
}

async function signIn(page, email, secret = password) {
  await page.goto(`${server.url}/signin`);
  await page.fill('signin-email', email);
  await page.fill('signin-password', secret);
  await press(page, 'Enter');
}

/** Up to being signed in. */
async function member(t, email, name = 'Ada') {
  const page = await open(t);
  await signUp(page, email, name);
  await page.goto((await link(server, email, 'confirm')).url);
  await page.click('confirm-submit');
  await page.shown('confirm-done', email);
  await page.click('confirm-signin');
  await page.fill('signin-password', password);
  await press(page, 'Enter');
  await page.shown('who');
  return page;
}

async function account(page) {
  await page.goto(`${server.url}/account`);
  await page.shown('sessions');
}

test('sign up, confirm by mail, sign in, and the name is at the top', async (t) => {
  const page = await open(t);
  await page.click('who-signup');
  await signUp(page, 'ada@example.org', 'Ada Lovelace');
  const { url, token } = await link(server, 'ada@example.org', 'confirm');
  await page.goto(url);
  await page.shown('confirm');
  assert.equal(await path(page), '/confirm', 'the token is gone from the address');
  await page.click('confirm-submit');
  await page.click('confirm-signin');
  await page.shown('signin');
  assert.equal(await page.native.inputValue('[data-testid="signin-email"]'), 'ada@example.org');
  await page.fill('signin-password', 'not this one');
  await press(page, 'Enter');
  await page.shown('signin-password-note', 'not right');
  await page.fill('signin-password', password);
  await press(page, 'Enter');
  await page.shown('who', 'Ada Lovelace');
  assert.equal(await path(page), '/');
  await page.reload();
  await page.shown('who', 'Ada Lovelace');
  await page.goto(`${server.url}/confirm#${token}`);
  await page.click('confirm-submit');
  await page.shown('confirm-bad');
});

test('signing up with an address that has an account looks the same, and tells its owner', async (t) => {
  await member(t, 'twice@example.org');
  const page = await open(t);
  const before = letters(server, 'twice@example.org').length;
  await page.native.context().clearCookies();
  await signUp(page, 'twice@example.org', 'Somebody');
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
  await signIn(page, 'reset@example.org');
  await page.shown('signin-password-note', 'not right');
  await signIn(page, 'reset@example.org', 'another four words');
  await page.shown('who');
  await mine.goto(url);
  await mine.fill('reset-password', 'yet another four words');
  await press(mine, 'Enter');
  await mine.shown('reset-bad');
});

test('name, language, address and password are changed', async (t) => {
  const page = await member(t, 'change@example.org');
  await account(page);
  await page.fill('profile-name', 'Ada of Change');
  await page.native.selectOption('[data-testid="profile-language"]', 'de');
  await page.click('profile-save');
  await page.shown('who', 'Ada of Change');
  await page.reload();
  await page.shown('account');
  assert.equal(await page.native.inputValue('[data-testid="profile-language"]'), 'de');

  await page.click('account-email');
  await page.fill('email-new', 'changed@example.org');
  await page.fill('email-password', 'wrong one');
  await press(page, 'Enter');
  await page.shown('email-password-note', 'not your password');
  assert.equal(await page.native.inputValue('[data-testid="email-new"]'), 'changed@example.org');
  await page.fill('email-password', password);
  await press(page, 'Enter');
  await page.gone('email-form');
  await page.goto((await link(server, 'changed@example.org', 'email')).url);
  await page.click('email-submit');
  await page.shown('email-done', 'changed@example.org');

  await account(page);
  await page.click('account-password');
  await page.fill('password-old', password);
  await page.fill('password-new', 'another four words');
  await press(page, 'Enter');
  await page.gone('password-form');
  await page.reload();
  await page.shown('account');
  await page.click('who');
  await page.click('who-signout');
  await page.shown('who-signin');
  await signIn(page, 'changed@example.org', 'another four words');
  await page.shown('who', 'Ada of Change');
});

test('a second step: codes of an app, recovery codes that work once, and off again', async (t) => {
  const email = 'second@example.org';
  const page = await member(t, email);
  await account(page);
  await page.click('totp-on');
  await page.fill('totp-start-password', password);
  await press(page, 'Enter');
  await page.shown('qr');
  const secret = await page.evaluate(() => document.querySelector('[data-testid="totp-secret"]').textContent);
  await page.fill('totp-code', totpCode(secret));
  await press(page, 'Enter');
  await page.shown('recovery-codes');
  const codes = await page.evaluate(() =>
    [...document.querySelectorAll('[data-testid="recovery-codes"] code')].map((c) => c.textContent),
  );
  assert.equal(new Set(codes).size, 10);
  await page.click('codes-done');
  await page.native.context().clearCookies();

  await signIn(page, email);
  await page.shown('signin-code');
  // The code that turned it on has been used; a server takes the next one within its tolerance.
  await page.fill('signin-code', totpCode(secret, 1));
  await press(page, 'Enter');
  await page.shown('who');
  for (const works of [true, false]) {
    await page.native.context().clearCookies();
    await signIn(page, email);
    await page.click('signin-other-factor');
    await page.fill('signin-code', codes[3]);
    await press(page, 'Enter');
    if (works) await page.shown('who');
    else await page.shown('signin-code-note', 'has been used');
  }
  await page.fill('signin-code', codes[4]);
  await press(page, 'Enter');
  await page.shown('who');
  await account(page);
  await page.shown('account-second-step', '8 recovery codes');
  await page.click('totp-off');
  await page.fill('totp-stop-password', password);
  await press(page, 'Enter');
  await page.shown('totp-on');
  await page.native.context().clearCookies();
  await signIn(page, email);
  await page.shown('who');
});

test('a passkey: made, signed in with, removed', async (t) => {
  const page = await member(t, 'passkey@example.org');
  const key = await virtualKey(page);
  await account(page);
  await page.click('passkey-add');
  await page.fill('passkey-name', 'Laptop');
  await page.fill('passkey-password', password);
  await press(page, 'Enter');
  await page.shown('passkeys', 'Laptop');
  assert.equal((await key.credentials()).length, 1);
  await page.click('who');
  await page.click('who-signout');
  await page.click('who-signin');
  await page.click('signin-passkey');
  await page.shown('who');
  await account(page);
  await page.shown('passkeys', 'last used');
  await page.click('passkey-remove');
  await page.click('passkey-remove-yes');
  await page.gone('passkeys');
  await page.native.context().clearCookies();
  await page.goto(`${server.url}/signin`);
  await page.click('signin-passkey');
  await page.shown('form-problem', 'does not belong');
});

test('where one is signed in: another place is signed out, and knows it', async (t) => {
  const email = 'places@example.org';
  const page = await member(t, email);
  const other = await open(t);
  await signIn(other, email);
  await other.shown('who');
  await account(other);
  await account(page);
  await page.until(() => document.querySelectorAll('[data-testid="sessions"] li').length === 2);
  await page.click('session-end');
  await page.until(() => document.querySelectorAll('[data-testid="sessions"] li').length === 1);
  await other.reload();
  await other.shown('signin');
  await page.reload();
  await page.shown('account');
});

test('an API token is made, works, and is revoked', async (t) => {
  const page = await member(t, 'token@example.org');
  await account(page);
  await page.click('token-add');
  await page.fill('token-name', 'Calendar');
  await page.click('token-scope-account:read');
  await page.fill('token-password', password);
  await page.click('token-submit');
  await page.shown('token-made');
  const token = await page.evaluate(() => document.querySelector('[data-testid="token"]').textContent);
  const ask = async () =>
    (await fetch(`${server.url}/api/v1/account`, { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(await ask(), 200);
  await page.click('token-done');
  await page.click('token-revoke');
  await page.click('token-revoke-yes');
  await page.gone('tokens');
  assert.equal(await ask(), 401);
});

test('my data is downloaded, and the account deleted', async (t) => {
  const email = 'gone@example.org';
  const page = await member(t, email);
  await account(page);
  const download = page.native.waitForEvent('download');
  await page.click('account-export');
  assert.match((await download).suggestedFilename(), /\.json$/);
  await page.click('account-delete');
  await page.fill('delete-password', password);
  await press(page, 'Enter');
  await page.shown('who-signin');
  await signIn(page, email);
  await page.shown('signin-password-note', 'not right');
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
  await page.click('confirm-submit');
  await page.shown('confirm-done');
});

test('from signing up to a call in Firefox', async (t) => {
  const firefox = await launchFirefox();
  t.after(() => firefox.close());
  const page = await firefox.page();
  await page.goto(`${server.url}/signup`);
  await page.fill('signup-name', 'Ada');
  await page.fill('signup-email', 'fox@example.org');
  await page.fill('signup-password', password);
  await page.click('signup-submit');
  await page.shown('signup-sent', 'fox@example.org');
  await page.goto((await link(server, 'fox@example.org', 'confirm')).url);
  await page.click('confirm-submit');
  await page.click('confirm-signin');
  await page.fill('signin-password', password);
  await page.click('signin-submit');
  await page.shown('who');
  await page.click('home-start');
  await page.fill('prejoin-name', 'Ada');
  await page.click('prejoin-join');
  await page.shown('call');
});

test('the first administrator comes by the link that the service prints', async (t) => {
  const fresh = await new ParleyServer(roomy).start();
  t.after(() => fresh.stop());
  const found = await until(() => /\/setup#([\w-]+)/.exec(fresh.output + fresh.log), 'the link');
  const page = await browser.page();
  t.after(() => page.close());
  await page.goto(`${fresh.url}/setup#${found[1]}`);
  await page.fill('signup-name', 'Ada');
  await page.fill('signup-email', 'admin@example.org');
  await page.fill('signup-password', password);
  await press(page, 'Enter');
  await page.click('who');
  await page.shown('who-admin');
});
