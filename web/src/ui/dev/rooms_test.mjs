/** Rooms, their doors and the administration by keyboard and pointer, in Chromium, on the gallery. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';
import { chromiumOptions, serveGallery } from './serve.mjs';

let gallery;
let browser;
let page;
let faults;

const id = (name) => `[data-testid="${name}"]`;
const show = async (screen, selector) => {
  await page.goto(`${gallery.origin}/?screen=${screen}`);
  await page.waitForSelector(id(selector));
};
const focused = () =>
  page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
const focusComes = (name) =>
  page.waitForFunction((n) => document.activeElement?.dataset.testid === n, name, { timeout: 5_000 });
const gone = (selector) => page.waitForSelector(selector, { state: 'detached' });
const notice = (words) => page.waitForSelector(`.notice:has-text("${words}")`);
const reads = (selector, words) =>
  page.waitForFunction(([s, w]) => document.querySelector(s)?.textContent.includes(w), [selector, words]);

/** For looking at: a directory as GALLERY_PICTURES. */
const picture = async (name) => {
  const dir = process.env.GALLERY_PICTURES;
  if (!dir) return;
  mkdirSync(dir, { recursive: true });
  for (const [width, height] of [
    [1280, 800],
    [320, 568],
  ]) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `${dir}/${name}.${width}.png`, fullPage: !(await page.$('.call')) });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
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

test('a room is made: what is missing is told beside its field, and nothing typed is lost', async () => {
  await show('rooms', 'room-list');
  await page.click(id('rooms-make'));
  await focusComes('room-name');
  await page.fill(id('room-password'), 'sesame');
  await page.uncheck(id('room-guests'));
  await page.click(id('room-submit'));
  await focusComes('room-name');
  assert.match(await page.textContent(id('room-name-note')), /name/);
  await page.fill(id('room-name'), 'too many');
  await page.click(id('room-submit'));
  await page.waitForSelector(`${id('form-problem')} p`);
  await picture('room-form');
  assert.equal(await page.inputValue(id('room-password')), 'sesame');
  assert.equal(await page.isChecked(id('room-guests')), false);
  await page.fill(id('room-name'), 'Choir');
  await page.keyboard.press('Enter');
  await notice('Choir');
  await gone(id('room-form'));
  assert.equal(await focused(), 'rooms-make');
});

test('a room is changed, locked and deleted; the focus is never lost', async () => {
  await show('rooms', 'room-list');
  const first = `${id('room')}[data-room="k7f3q-9xm2d-t0v8c-4hjwz"]`;
  await page.click(`${first} ${id('room-edit')}`);
  await focusComes('room-name');
  await page.fill(id('room-name'), 'Wednesday round');
  await picture('room-edit');
  await page.click(id('room-submit'));
  await reads(`${first} h2`, 'Wednesday round');
  assert.equal(await focused(), 'room-edit');
  await page.click(`${first} ${id('room-lock')}`);
  await reads(`${first} .room-tags`, 'Locked');
  await page.click(`${first} ${id('room-remove')}`);
  await picture('room-remove');
  await page.click(`${first} ${id('room-remove-yes')}`);
  await gone(first);
  assert.equal(await page.locator(id('room')).count(), 2);
  assert.equal(await focused(), 'H1');
});

test('without a room, the way to the first', async () => {
  await show('rooms-none', 'rooms-none');
  await page.click(id('rooms-first'));
  await focusComes('room-name');
  await page.click(id('room-cancel'));
  await page.waitForSelector(id('rooms-none'));
});

test('the password of a room is asked for, with its own error, and is no password of the person', async () => {
  await show('prejoin-password', 'prejoin-password');
  await focusComes('prejoin-password');
  assert.equal(await page.getAttribute(id('prejoin-password'), 'autocomplete'), 'off');
  await page.keyboard.press('Enter');
  await reads(id('prejoin-password-note'), 'Please enter');
  assert.equal(await page.getAttribute(id('prejoin-password'), 'aria-invalid'), 'true');
  await page.keyboard.type('sesame');
  assert.equal(await page.getAttribute(id('prejoin-password'), 'aria-invalid'), 'false');
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('waiting'));
});

test('before a door for members, the way to sign in', async () => {
  await show('prejoin-members', 'door');
  assert.equal(await page.locator(id('prejoin-join')).count(), 0);
  await page.click(id('door-action'));
  await page.waitForSelector(id('signin-email'));
});

test('the host removes somebody, after a question, by keyboard', async () => {
  await show('call-room', 'call');
  await page.click(id('people-open'));
  await page.focus(id('person-manage'));
  await page.keyboard.press('Enter');
  await focusComes('person-host');
  await picture('person-manage');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await focusComes('person-remove-no');
  await picture('person-remove');
  await page.keyboard.press('Enter');
  await focusComes('person-manage');
  await page.click(id('person-manage'));
  await page.click(id('person-remove'));
  await page.click(id('person-remove-yes'));
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="person"]').length === 1);
});

test('the owner hands the role on, and takes it back', async () => {
  await show('call-room', 'call');
  await page.click(id('people-open'));
  await page.click(id('person-manage'));
  await page.click(id('person-host'));
  await page.click(id('take-host'));
  await gone(id('take-host'));
});

test('the lock is seen in the call, and the call ends for everybody only after a question', async () => {
  await show('call', 'call');
  assert.equal(await page.textContent(id('room-chip')), '');
  await page.click(id('people-open'));
  await page.click(id('lock-toggle'));
  await reads(id('room-chip'), 'Locked');
  await page.click(id('end-call'));
  await focusComes('end-call-no');
  await page.keyboard.press('Enter');
  await focusComes('end-call');
  await page.click(id('end-call'));
  await page.click(id('end-call-yes'));
  await page.waitForSelector(`${id('ended')}[data-reason="ended"]`);
});

test('who is not host has none of the host’s controls', async () => {
  await show('call-member', 'call');
  await page.click(id('people-open'));
  for (const name of ['person-manage', 'knock-toggle', 'lock-toggle', 'end-call', 'take-host'])
    assert.equal(await page.locator(id(name)).count(), 0, name);
});

test('people are searched for, and what is typed last counts', async () => {
  await show('admin', 'users');
  assert.equal(await page.locator(id('user')).count(), 6);
  await page.click(id('users-more'));
  await gone(id('users-more'));
  await page.locator(id('users-search')).pressSequentially('bob');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="user"]').length === 1);
  await page.fill(id('users-search'), 'nobody at all');
  await reads(id('users-count'), 'Nobody found');
});

test('an account is disabled and deleted, each after a question', async () => {
  await show('admin', 'users');
  const bob = `${id('user')}[data-user="a2"]`;
  await page.click(`${bob} ${id('user-manage')}`);
  await picture('user-manage');
  await page.click(`${bob} ${id('user-disable')}`);
  await page.click(`${bob} ${id('user-disable-yes')}`);
  await reads(`${bob} .user-tags`, 'Disabled');
  await page.click(`${bob} ${id('user-remove')}`);
  await page.click(`${bob} ${id('user-remove-yes')}`);
  await gone(bob);
  await focusComes('users-count');
});

test('an invitation: its errors beside the field', async () => {
  await show('admin', 'users');
  await page.click(id('invite-open'));
  await focusComes('invite-email');
  await page.fill(id('invite-email'), 'taken@example.org');
  await page.click(id('invite-submit'));
  await reads(id('invite-email-note'), 'not an e-mail');
  await picture('invite');
  await page.fill(id('invite-email'), 'emi@example.org');
  await page.click(id('invite-submit'));
  await notice('emi@example.org');
  assert.equal(await focused(), 'invite-open');
});

test('calls, settings and the log', async () => {
  await show('admin', 'users');
  await page.click(id('admin-calls'));
  await page.waitForSelector(id('calls'));
  await picture('admin-calls');
  await page.click(`${id('call-end')} >> nth=0`);
  await page.click(id('call-end-yes'));
  await notice('over');
  await page.click(id('admin-settings'));
  await page.selectOption('[data-testid="setting-rooms.create"]', 'members');
  await notice('Saved');
  await picture('admin-settings');
  await page.click(id('admin-log'));
  await page.waitForSelector(id('event'));
  await picture('admin-log');
});
