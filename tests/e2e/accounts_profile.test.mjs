/** The page of one's own account: what is changed there counts, for this browser and for others. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { link, roomy } from '../api/lib/client.mjs';
import { totpCode, virtualKey } from './lib/authenticator.mjs';
import { launchChromium } from './lib/browsers.mjs';
import { password, press, signIn, someone } from './lib/people.mjs';
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

const member = async (t, email) => (await someone(t, server, browser, email, 'Ada')).page;

async function account(page) {
  await page.goto(`${server.url}/account`);
  await page.shown('sessions');
}

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
  await signIn(page, server, 'changed@example.org', 'another four words');
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

  await signIn(page, server, email);
  await page.shown('signin-code');
  // The code that turned it on has been used; a server takes the next one within its tolerance.
  await page.fill('signin-code', totpCode(secret, 1));
  await press(page, 'Enter');
  await page.shown('who');
  for (const works of [true, false]) {
    await page.native.context().clearCookies();
    await signIn(page, server, email);
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
  await signIn(page, server, email);
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
  const other = await browser.page();
  t.after(() => other.close());
  await signIn(other, server, email);
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
  await signIn(page, server, email);
  await page.shown('signin-password-note', 'not right');
});
