/** What people with accounts do in a browser, and the quick way to be one where it is not what is tested. */
import assert from 'node:assert/strict';
import { link, member, password } from '../../api/lib/client.mjs';

export { password };

export const press = (page, key) => page.native.keyboard.press(key);

/** The parts of the address that a person sees. */
export const path = (page) => page.evaluate(() => location.pathname + location.hash);

export const value = (page, id) =>
  page.evaluate((wanted) => document.querySelector(`[data-testid="${wanted}"]`)?.value, id);

/** Fill in a form, {test id: text}, and send it as one does from the keyboard. */
export async function fillIn(page, fields) {
  for (const [id, text] of Object.entries(fields)) await page.fill(id, text);
  await press(page, 'Enter');
}

export async function signUp(page, server, email, name) {
  await page.goto(`${server.url}/signup`);
  await fillIn(page, { 'signup-name': name, 'signup-email': email, 'signup-password': password });
  await page.shown('signup-sent', email);
}

export async function signIn(page, server, email, secret = password) {
  await page.goto(`${server.url}/signin`);
  await fillIn(page, { 'signin-email': email, 'signin-password': secret });
}

export async function signOut(page) {
  await page.click('who');
  await page.click('who-signout');
  await page.shown('who-signin');
}

/** Open what the newest letter to @p email links to. @param mail {dataDir} that has an outbox/ */
export async function openLetter(page, mail, email, kind, after = 0) {
  const found = await link(mail, email, kind, after);
  await page.goto(found.url);
  return found;
}

/** Give a browser's page (Chromium) the sign-in of an API client. */
async function carry(page, server, client) {
  const [name, secret] = client.cookie.split('=');
  const cookie = { name, value: secret, url: server.url, httpOnly: true, sameSite: 'Lax' };
  await page.native.context().addCookies([cookie]);
}

/** Somebody with an account, made over the API. @returns {{client, page, email, name}}; the page is closed with the test */
export async function someone(t, server, browser, email, name) {
  const client = await member(server, email, name);
  const page = await browser.page();
  t.after(() => page.close());
  await carry(page, server, client);
  return { client, page, email, name };
}

/** A room of theirs, as the API gives it. */
export async function lastingRoom({ client }, options) {
  const reply = await client.post('/rooms', options);
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
}

/** Over, for the reason given, and with nothing left of it: no connection, no camera. */
export async function over(page, reason) {
  await page.shown('ended');
  assert.equal(
    await page.evaluate(() => document.querySelector('[data-testid="ended"]').dataset.reason),
    reason,
  );
  await page.until(
    () =>
      window.__seen.pcs.every((p) => p.connectionState === 'closed') &&
      window.__seen.tracks.every((track) => track.readyState === 'ended'),
    undefined,
    'connections and devices to be let go',
  );
}
