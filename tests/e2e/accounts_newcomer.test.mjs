/** A newcomer's whole way in the browser: sign up, confirm, sign in, a room, a guest, a call, a forgotten password. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { letters, roomy } from '../api/lib/client.mjs';
import { launchChromium, launchFirefox } from './lib/browsers.mjs';
import { newcomer } from './lib/newcomer.mjs';
import { havePostgres, Postgres } from './lib/postgres.mjs';
import { ParleyServer } from './lib/server.mjs';
import { MailServer } from './lib/smtp.mjs';

let chromium;
before(async () => {
  chromium = await launchChromium();
});
after(() => chromium?.close());

async function parley(t, sets = {}) {
  const server = await new ParleyServer({ ...roomy, ...sets }).start();
  t.after(() => server.stop());
  return server;
}

test('with SQLite and the outbox, as the README starts it', async (t) => {
  await newcomer(t, await parley(t), { host: chromium, guest: chromium });
});

test('in Firefox, with a guest in Chromium', async (t) => {
  const firefox = await launchFirefox();
  t.after(() => firefox.close());
  await newcomer(t, await parley(t), { host: firefox, guest: chromium });
});

test('with PostgreSQL, and mail over SMTP with STARTTLS and a password', async (t) => {
  if (!havePostgres()) return t.skip('PostgreSQL is not installed');
  const [postgres, mail] = [new Postgres(), new MailServer()];
  t.after(() => Promise.all([postgres.stop(), mail.stop()]));
  await Promise.all([postgres.start(), mail.start()]);
  const server = await parley(t, { 'database.url': postgres.url, ...mail.sets });
  await newcomer(t, server, { host: chromium, guest: chromium }, mail);
  assert.equal(letters(server, 'ada@example.org').length, 0, 'nothing is left in the outbox');
});
