/** The account pages by keyboard and pointer, in Chromium, on the gallery: `node --test web/src/ui/dev/account_test.mjs`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';
import { chromiumOptions, serveGallery } from './serve.mjs';

let gallery;
let browser;
let page;
let faults;

const id = (name) => `[data-testid="${name}"]`;
const show = async (screen) => {
  await page.goto(`${gallery.origin}/?screen=${screen}`);
  await page.waitForSelector('h1', { state: 'attached' });
};
const focused = () =>
  page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
const focusIs = (name) =>
  page.waitForFunction(
    (wanted) => (document.activeElement.dataset.testid ?? document.activeElement.tagName) === wanted,
    name,
  );
const seen = (name) => page.waitForSelector(id(name));
const gone = (name) => page.waitForSelector(id(name), { state: 'detached' });
const values = (...names) => Promise.all(names.map((name) => page.inputValue(id(name))));
const type = async (name, text) => {
  await page.focus(id(name));
  await page.keyboard.type(text);
};

before(async () => {
  gallery = await serveGallery();
  browser = await chromium.launch(chromiumOptions());
});

after(async () => {
  await browser?.close();
  gallery?.stop();
});

beforeEach(async () => {
  faults = [];
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page.on('pageerror', (e) => faults.push(e.message));
  page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(faults, []);
});

test('sign-in by keyboard alone: what is missing stands beside its field, and the first gets the focus', async () => {
  await show('signin');
  await page.focus(id('signin-email'));
  await page.keyboard.press('Enter');
  await focusIs('signin-email');
  await page.waitForSelector(`${id('signin-email')}[aria-invalid="true"]`);
  assert.match(await page.textContent(id('signin-email-note')), /address/);
  assert.match(await page.textContent(id('signin-password-note')), /password/);
  await page.keyboard.type('ada@example.org');
  await page.waitForSelector(`${id('signin-email')}[aria-invalid="false"]`);
  assert.equal(await focused(), 'signin-email');
  await type('signin-password', 'four words in a row');
  await page.keyboard.press('Enter');
  await seen('who');
});

test('a wrong password: told at the field, and nothing typed is lost', async () => {
  await show('signin');
  await page.fill(id('signin-email'), 'ada@example.org');
  await type('signin-password', 'wrong');
  await page.keyboard.press('Enter');
  await focusIs('signin-password');
  assert.match(await page.textContent(id('signin-password-note')), /not right/);
  assert.deepEqual(await values('signin-email', 'signin-password'), ['ada@example.org', 'wrong']);
});

test('too often: when to try again, and nothing typed is lost', async () => {
  await show('signin');
  await page.fill(id('signin-email'), 'busy@example.org');
  await type('signin-password', 'secret');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.banner');
  assert.match(await page.textContent('[role="alert"]'), /2 minutes/);
  assert.deepEqual(await values('signin-email', 'signin-password'), ['busy@example.org', 'secret']);
});

test('the second step: a code, or a recovery code, and back', async () => {
  await show('signin');
  await page.fill(id('signin-email'), 'two@example.org');
  await type('signin-password', 'secret');
  await page.keyboard.press('Enter');
  await focusIs('signin-code');
  assert.equal(await page.getAttribute(id('signin-code'), 'autocomplete'), 'one-time-code');
  await page.keyboard.type('000 000');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${id('signin-code')}[aria-invalid="true"]`);
  await page.click(id('signin-other-factor'));
  await page.waitForSelector(`${id('signin-code')}[autocomplete="off"]`);
  await page.click(id('signin-again'));
  await gone('signin-code');
  assert.deepEqual(await values('signin-email', 'signin-password'), ['two@example.org', 'secret']);
  await page.click(id('signin-submit'));
  await focusIs('signin-code');
  await page.keyboard.type('123 456');
  await page.keyboard.press('Enter');
  await seen('who');
});

test('a password can be shown, and keeps its place', async () => {
  await show('signin');
  await type('signin-password', 'secret');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'signin-password-show');
  await page.keyboard.press('Space');
  await page.waitForSelector(`${id('signin-password')}[type="text"]`);
  await page.keyboard.press('Space');
  await page.waitForSelector(`${id('signin-password')}[type="password"]`);
  assert.deepEqual(await values('signin-password'), ['secret']);
});

test('what password managers go by', async () => {
  for (const [screen, fields] of [
    ['signin', { 'signin-email': 'username', 'signin-password': 'current-password' }],
    ['signup', { 'signup-email': 'username', 'signup-password': 'new-password', 'signup-name': 'name' }],
    ['reset', { 'reset-password': 'new-password' }],
  ]) {
    await show(screen);
    for (const [name, autocomplete] of Object.entries(fields)) {
      await seen(name);
      assert.equal(await page.getAttribute(id(name), 'autocomplete'), autocomplete, name);
      assert.ok(await page.getAttribute(id(name), 'name'), name);
    }
  }
});

test('sign-up: a refusal of the server stands at its field; then a mail, and back with everything still there', async () => {
  await show('signup');
  await page.fill(id('signup-name'), 'Ada');
  await page.fill(id('signup-email'), 'taken@example.org');
  await type('signup-password', 'short');
  await page.keyboard.press('Enter');
  await focusIs('signup-password');
  await page.fill(id('signup-password'), 'four words in a row');
  await page.keyboard.press('Enter');
  await focusIs('signup-email');
  assert.match(await page.textContent(id('signup-email-note')), /not an e-mail/);
  await page.fill(id('signup-email'), 'ada@example.org');
  await page.keyboard.press('Enter');
  await seen('signup-sent');
  await focusIs('H1');
  assert.match(await page.textContent(id('signup-sent')), /ada@example\.org/);
  await page.click(id('signup-again'));
  await focusIs('signup-email');
  assert.deepEqual(await values('signup-name', 'signup-email', 'signup-password'), [
    'Ada',
    'ada@example.org',
    'four words in a row',
  ]);
});

test('where accounts are closed or by invitation, there is no form', async () => {
  for (const screen of ['signup-closed', 'signup-invite']) {
    await show(screen);
    await seen('signup-closed');
    assert.equal(await page.locator('form').count(), 0);
  }
});

test('a mailed link confirms only when the person says so', async () => {
  await show('confirm');
  await seen('confirm');
  await page.focus(id('confirm-submit'));
  await page.keyboard.press('Enter');
  await focusIs('confirm-password');
  await type('confirm-password', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${id('confirm-password')}[aria-invalid="true"]`);
  assert.match(await page.textContent(id('confirm-password-note')), /chosen when signing up/);
  await page.fill(id('confirm-password'), 'four words in a row');
  await page.keyboard.press('Enter');
  await seen('who');
});

test('links that are no longer good: one plain page, with a way on', async () => {
  await show('confirm-bad');
  await page.fill(id('confirm-password'), 'four words in a row');
  await page.click(id('confirm-submit'));
  await seen('confirm-bad');
  await show('confirm-incomplete');
  await seen('confirm-bad');
  await show('reset-bad');
  await page.fill(id('reset-password'), 'four words in a row');
  await page.keyboard.press('Enter');
  await seen('reset-bad');
  await page.click(id('reset-forgot'));
  await seen('forgot');
});

test('a forgotten password: the answer says the same for every address', async () => {
  await show('forgot');
  const said = [];
  for (const email of ['ada@example.org', 'bob@example.org']) {
    await show('forgot');
    await page.fill(id('forgot-email'), email);
    await page.keyboard.press('Enter');
    await seen('forgot-sent');
    said.push((await page.textContent(id('forgot-sent'))).replace(email, ''));
  }
  assert.equal(said[0], said[1]);
});

test('the menu: Escape gives the focus back, leaving it closes it', async () => {
  await show('home-member');
  const becomes = (open) => page.waitForSelector(`${id('who')}[aria-expanded="${open}"]`);
  await page.focus(id('who'));
  await page.keyboard.press('Enter');
  await becomes(true);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'who-rooms');
  await page.keyboard.press('Escape');
  await becomes(false);
  assert.equal(await focused(), 'who');
  await page.keyboard.press('Enter');
  await becomes(true);
  await page.focus(id('home-code'));
  await becomes(false);
  await page.click(id('who'));
  await becomes(true);
  await page.mouse.click(5, 400);
  await becomes(false);
  await page.click(id('who'));
  await page.click(id('who-signout'));
  await seen('who-signin');
});

test('a row opens its form with the focus in it, and gives it back', async () => {
  await show('account');
  await page.focus(id('account-password'));
  await page.keyboard.press('Enter');
  await focusIs('password-old');
  await page.keyboard.type('wrong');
  await page.fill(id('password-new'), 'four words in a row');
  await page.keyboard.press('Enter');
  await focusIs('password-old');
  assert.match(await page.textContent(id('password-old-note')), /not your password/);
  assert.deepEqual(await values('password-new'), ['four words in a row']);
  await page.fill(id('password-old'), 'right');
  await page.keyboard.press('Enter');
  await gone('password-form');
  await focusIs('account-password');
  await page.waitForSelector('.notice');
});

test('the second step is set up: picture, key, code, and recovery codes that are shown until they are kept', async () => {
  await show('account');
  await page.click(id('totp-on'));
  await type('totp-start-password', 'right');
  await page.keyboard.press('Enter');
  await seen('qr');
  assert.match(await page.getAttribute(id('totp-link'), 'href'), /^otpauth:\/\/totp\//);
  assert.match(await page.textContent(id('totp-secret')), /^(\w{4} ){7}\w{4}$/);
  await page.fill(id('totp-code'), '000000');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${id('totp-code')}[aria-invalid="true"]`);
  await page.fill(id('totp-code'), '123 456');
  await page.keyboard.press('Enter');
  await seen('recovery-codes');
  assert.equal(await page.locator(`${id('recovery-codes')} li`).count(), 10);
  const download = page.waitForEvent('download');
  await page.click(id('codes-download'));
  assert.equal((await download).suggestedFilename(), 'parley-recovery-codes.txt');
  await page.click(id('codes-done'));
  await gone('recovery-codes');
  await seen('totp-off');
});

test('a token wants a purpose and a scope, and is shown this once', async () => {
  await show('account');
  await page.click(id('token-add'));
  await focusIs('token-name');
  await page.keyboard.press('Enter');
  await focusIs('token-name');
  await page.keyboard.type('Calendar');
  await page.keyboard.press('Enter');
  await focusIs('token-scope-account:read');
  await page.keyboard.press('Space');
  await page.click(id('token-submit'));
  await focusIs('token-password');
  await page.keyboard.type('right');
  await page.click(id('token-submit'));
  await seen('token-made');
  assert.match(await page.textContent(id('token')), /^parley_/);
  await page.click(id('token-done'));
  await gone('token-made');
});

test('what cannot be undone is asked for first', async () => {
  await show('account');
  await page.click(id('passkey-remove'));
  await seen('passkey-remove-yes');
  await page.keyboard.press('Enter'); // the focus is on "Cancel"
  await gone('passkey-remove-yes');
  await page.click(id('account-delete'));
  await type('delete-password', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${id('delete-password')}[aria-invalid="true"]`);
  await page.fill(id('delete-password'), 'right');
  await page.keyboard.press('Enter');
  await seen('who-signin');
});

for (const [width, height] of [
  [320, 568],
  [2560, 1300],
]) {
  test(`at ${width}×${height} every form of the account fits`, async () => {
    await page.setViewportSize({ width, height });
    await show('account-secured');
    await seen('sessions');
    for (const row of [
      'account-email',
      'account-password',
      'totp-off',
      'codes-new',
      'passkey-add',
      'token-add',
    ])
      await page.click(`button${id(row)}`);
    await page.click(id('passkey-remove'));
    await page.click(id('account-delete'));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide}`);
  });
}

test('who you are could not be asked: said, with another try', async () => {
  await show('account-unknown');
  await seen('account-again');
  assert.equal(await page.locator(id('account')).count(), 0);
});
