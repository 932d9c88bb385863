/**
 * What somebody who means ill would try from outside, beyond what the tests of the single flows do: guess at second
 * factors and old passwords, put lines into letters, and markup into everything that has a text.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, letters, link, member, password, roomy, send, signIn, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';
import { totp } from './lib/totp.mjs';

const GUESSES = 6; /* of an account, before it is enough */

let server;
let root;
before(async () => {
  server = await new ParleyServer({ ...roomy, 'limits.signins_per_account': GUESSES }).start();
  const token = await until(() => server.output.match(/\/setup#([\w-]{43})/)?.[1], 'a link to set up');
  root = new Client(server.url);
  const made = await root.post('/setup', { token, name: 'Root', email: 'root@example.org', password });
  assert.equal(made.status, 200, made.text);
});
after(() => server.stop());

const bad = (reply, field, what) => {
  assert.equal(reply.status, 422, `${what}: ${reply.text}`);
  assert.equal(reply.body.code, 'bad_field', what);
  assert.ok(
    reply.body.errors.some((e) => e.field === field),
    `${what}: ${reply.text}`,
  );
};

/* ---- guessing ---- */

/** Guess until it is enough. @param guess sends one and returns the reply @returns how many were looked at */
async function guessOn(guess) {
  for (let i = 0; i <= GUESSES; i++) {
    const reply = await guess(i);
    if (reply.status === 429) {
      assert.equal(reply.body.code, 'too_many');
      assert.ok(Number(reply.headers['retry-after']) >= 1, reply.headers['retry-after']);
      return i;
    }
    assert.equal(reply.status, 401, reply.text);
  }
  return GUESSES + 1;
}

test('whoever has the password does not get at the second factor by trying', async () => {
  const email = 'factor@example.org';
  const bob = await member(server, email);
  const { secret, ticket } = (await bob.post('/account/totp', { password })).body;
  const on = await bob.post('/account/totp/confirm', { ticket, code: totp(secret) });
  assert.equal(on.status, 200, on.text);
  const eve = new Client(server.url);
  const next = totp(secret, 1);
  const wrong = (i) => String((Number(next) + 1 + i) % 1_000_000).padStart(6, '0');
  const looked = await guessOn((i) => eve.post('/session', { email, password, code: wrong(i) }));
  assert.ok(looked >= 1 && looked <= GUESSES, `${looked} codes were looked at`);
  const right = await eve.post('/session', { email, password, code: next });
  assert.equal(right.status, 429, 'the right one, too, comes too late');
  assert.equal(eve.cookie, undefined);
});

test('whoever finds an open browser does not get at the password by trying', async () => {
  for (const [i, guess] of [
    (c, old) => c.post('/account/password', { old, new: 'quite another password' }),
    (c, wrong) => c.post('/account/totp', { password: wrong }),
    (c, wrong) => c.delete('/account', { password: wrong }),
    (c, wrong) => c.post('/account/email', { email: 'eve@example.org', password: wrong }),
  ].entries()) {
    const bob = await member(server, `open${i}@example.org`);
    const looked = await guessOn((n) => guess(bob, `not the password ${n}`));
    assert.ok(looked >= 1 && looked <= GUESSES, `${looked} passwords were looked at`);
    assert.equal((await guess(bob, password)).status, 429);
  }
});

test('the mails of somebody else are not to be used up', async (t) => {
  const strict = await new ParleyServer({
    ...roomy,
    'limits.mails_per_hour': 2,
    'limits.signins_per_account': 4,
    'server.trusted_proxies': '127.0.0.1',
  }).start();
  t.after(() => strict.stop());
  const eve = await member(strict, 'eve@example.org');
  await member(strict, 'victim@example.org');
  const statuses = [];
  for (let i = 0; i < 10; i++) {
    const from = { 'X-Forwarded-For': `203.0.113.${i}` };
    const wish = { email: `${i}@example.org`, password: 'wrong' };
    statuses.push((await eve.post('/account/email', wish, from)).status);
  }
  assert.equal(statuses[0], 401);
  assert.equal(statuses[9], 429, 'however many addresses they come from');
  const other = await member(strict, 'other@example.org');
  for (let i = 0; i < 3; i++)
    await other.post('/account/email', { email: 'victim@example.org', password: 'wrong' });
  const forgot = await new Client(strict.url).post('/password/forgot', { email: 'victim@example.org' });
  assert.equal(forgot.status, 202, forgot.text);
});

test('who guesses at an account keeps its owner out nowhere else', async (t) => {
  const strict = await new ParleyServer({
    ...roomy,
    'limits.signins_per_account': 4,
    'server.trusted_proxies': '127.0.0.1',
  }).start();
  t.after(() => strict.stop());
  const email = 'ada@example.org';
  await member(strict, email);
  const from = (i) => ({ 'X-Forwarded-For': `203.0.113.${i}` });
  const eve = new Client(strict.url);
  for (let i = 0; i < 4; i++)
    assert.equal((await eve.post('/session', { email, password: 'wrong' }, from(1))).status, 401);
  assert.equal((await eve.post('/session', { email, password }, from(1))).status, 429);
  assert.equal((await new Client(strict.url).post('/session', { email, password }, from(2))).status, 200);
  const many = [];
  for (let i = 3; i < 60; i++)
    many.push((await eve.post('/session', { email, password: 'wrong' }, from(i))).status);
  assert.ok(many.includes(429), 'many together are stopped');
});

test('links cannot be guessed at without end', async (t) => {
  const strict = await new ParleyServer({ ...roomy, 'limits.resets_per_hour': 4 }).start();
  t.after(() => strict.stop());
  const eve = new Client(strict.url);
  const statuses = [];
  for (let i = 0; i < 6; i++) {
    const token = String(i).repeat(43);
    statuses.push((await eve.post('/password/reset', { token, password: 'to be set by Eve' })).status);
  }
  assert.deepEqual(statuses, [410, 410, 410, 410, 429, 429]);
  assert.equal((await eve.post('/email/confirm', { token: 'x'.repeat(43) })).status, 429);
});

/* ---- lines in letters ---- */

const EVIL = [
  '\r\nBcc: eve@example.org',
  '\nBcc: eve@example.org',
  '\rX',
  '\r\n\r\n<b>body</b>',
  '\u0000',
  '\u2028X',
];

test('no text that goes into a letter may have lines', async () => {
  const ada = await member(server, 'lines@example.org');
  for (const evil of EVIL) {
    const what = JSON.stringify(evil);
    const guest = new Client(server.url);
    const form = { name: 'Ada', email: 'fresh@example.org', password };
    bad(await guest.post('/signup', { ...form, name: `Ada${evil} Eve` }), 'name', what);
    bad(await guest.post('/signup', { ...form, email: `fresh@example.org${evil}` }), 'email', what);
    bad(await guest.post('/signup', { ...form, email: `"fresh${evil}"@example.org` }), 'email', what);
    bad(await guest.post('/signup', { ...form, language: `en${evil}` }), 'language', what);
    bad(await guest.post('/password/forgot', { email: `lines@example.org${evil}` }), 'email', what);
    bad(await ada.patch('/account', { name: `Ada${evil} Eve` }), 'name', what);
    bad(await ada.patch('/account', { language: `en${evil}` }), 'language', what);
    bad(await ada.post('/account/email', { email: `fresh@example.org${evil}`, password }), 'email', what);
    const role = 'member';
    bad(await root.post('/admin/users/invite', { email: `fresh@example.org${evil}`, role }), 'email', what);
  }
  assert.deepEqual(letters(server, 'fresh@example.org'), []);
});

/** The letters in the outbox as they are: header fields, unfolded, and bodies by content type. */
function outbox() {
  const dir = join(server.dataDir, 'outbox');
  return readdirSync(dir)
    .filter((n) => n.endsWith('.eml'))
    .map((n) => {
      const raw = readFileSync(join(dir, n), 'latin1');
      const end = raw.indexOf('\r\n\r\n');
      const fields = raw
        .slice(0, end)
        .replace(/\r\n[ \t]/g, ' ')
        .split('\r\n');
      return { name: n, fields, body: raw.slice(end) };
    });
}

const FIELDS =
  /^(Date|From|To|Subject|Message-ID|MIME-Version|Content-Type|Content-Language|Auto-Submitted): /i;

test('a name cannot become a second recipient', async () => {
  const names = ['Ada" <eve@example.org>, "', 'eve@example.org,', '=?UTF-8?B?DQpCY2M6IGV2ZQ==?=', 'a\\"b, c'];
  for (const [i, name] of names.entries()) {
    const email = `quote${i}@example.org`;
    const bob = await member(server, email, name);
    assert.equal((await bob.get('/session')).body.account.name, name);
    await bob.post('/password/forgot', { email });
    await link(server, email, 'reset');
    /* The subject of an invitation has the name of who invites. */
    assert.equal((await root.patch('/account', { name })).status, 200);
    const invited = `invited.${email}`;
    assert.equal((await root.post('/admin/users/invite', { email: invited, role: 'member' })).status, 202);
    await link(server, invited, 'invite');
    const mine = outbox().filter((l) => l.fields.some((f) => f.startsWith('To:') && f.includes(email)));
    assert.equal(mine.length, 3);
    for (const letter of mine) {
      for (const field of letter.fields) assert.match(field, FIELDS);
      const to = letter.fields
        .find((f) => f.startsWith('To:'))
        .slice(3)
        .trim();
      /* One mailbox: a quoted string or encoded words, and an address (RFC 5322 §3.4). */
      const bare = to.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/=\?UTF-8\?B\?[A-Za-z0-9+/]+=*\?=/g, '');
      assert.match(bare.trim(), new RegExp(`^<?(invited\\.)?${email.replaceAll('.', '\\.')}>?$`), to);
      for (const [, word] of to.matchAll(/=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=/g))
        assert.doesNotMatch(Buffer.from(word, 'base64').toString(), /[\r\n]/);
    }
  }
});

/* ---- markup ---- */

const MARKUP = '"><img src=x onerror=boo()>';

test('letters show markup as text', async () => {
  const email = 'markup@example.org';
  const bob = await member(server, email, MARKUP);
  await bob.post('/password/forgot', { email });
  await link(server, email, 'reset');
  const [last] = letters(server, email).slice(-1);
  assert.match(last, /Content-Type: text\/html/);
  assert.ok(last.includes('&lt;img src=x onerror=boo()&gt;'), last);
  /* The plain part has it as it is; the other must not. */
  const html = last.slice(last.indexOf('<html'));
  assert.ok(!html.includes('<img'), html);
});

/** An answer that a browser would take for a page, or could be made to. */
const isPage = (reply) =>
  /html|xml|script/.test(reply.type) || reply.headers['x-content-type-options'] !== 'nosniff';

test('whatever is kept comes back as data, never as a page', async () => {
  const email = 'kept@example.org';
  const ada = await member(server, email, MARKUP);
  const id = (await ada.get('/session')).body.account.id;
  const room = await ada.post('/rooms', { name: MARKUP });
  assert.equal(room.status, 201, room.text);
  const token = await ada.post('/account/tokens', { password, name: MARKUP, scopes: ['rooms:read'] });
  assert.equal(token.status, 201, token.text);
  await root.patch(`/admin/users/${id}`, { role: 'member' });
  const socket = await Signalling.open(server.url, ada.cookie);
  await socket.join(room.body.id, MARKUP);
  const seen = [];
  for (const [who, path] of [
    [ada, '/session'],
    [ada, '/account'],
    [ada, '/account/export'],
    [ada, '/account/sessions'],
    [ada, '/account/tokens'],
    [ada, '/rooms'],
    [ada, `/rooms/${room.body.id}`],
    [root, '/admin/users'],
    [root, '/admin/rooms'],
    [root, '/admin/audit'],
  ]) {
    const reply = await who.get(path, { 'User-Agent': MARKUP, Accept: 'text/html' });
    assert.equal(reply.status, 200, reply.text);
    assert.ok(!isPage(reply), `${path}: ${reply.type}`);
    if (JSON.stringify(reply.body).includes('onerror=boo()')) seen.push(path);
  }
  assert.ok(seen.length >= 7, `it was there to be seen: ${seen}`);
  socket.close();
});

test('what is asked for is not said back as a page', async () => {
  const paths = [`/${MARKUP}`, `/signin?next=${MARKUP}`, `/r/${MARKUP}`, `/api/v1/${MARKUP}`];
  paths.push(
    `/api/v1/rooms/${MARKUP}`,
    `/api/v1/admin/users?q=${MARKUP}`,
    `/api/v1/admin/audit?page=${MARKUP}`,
  );
  for (const raw of paths) {
    const path = raw
      .replaceAll(' ', '%20')
      .replaceAll('"', '%22')
      .replaceAll('<', '%3C')
      .replaceAll('>', '%3E');
    const headers = { Cookie: root.cookie, Accept: 'text/html', Referer: `${server.url}/${MARKUP}` };
    const reply = await send(server.url, 'GET', path, { headers });
    assert.equal(reply.headers['x-content-type-options'], 'nosniff', path);
    if (isPage(reply)) assert.ok(!/onerror/.test(reply.text), `${path}: ${reply.text}`);
    for (const [name, value] of Object.entries(reply.headers))
      assert.ok(!String(value).includes('onerror'), `${path}: ${name}: ${value}`);
  }
});

test('pages run no script but their own', async () => {
  for (const path of [
    '/',
    '/signin',
    '/account',
    '/rooms',
    '/admin',
    '/reset',
    '/r/00000-00000-00000-00000',
    '/nothing',
  ]) {
    const reply = await send(server.url, 'GET', path);
    const policy = new Map(
      String(reply.headers['content-security-policy'])
        .split(';')
        .map((d) => d.trim().split(/\s+/))
        .map(([name, ...rest]) => [name, rest.join(' ')]),
    );
    const scripts = policy.get('script-src') ?? policy.get('default-src');
    assert.match(scripts ?? '', /^('self'|'none')( 'sha256-[^']+')*$/, `${path}: ${scripts}`);
    assert.equal(policy.get('frame-ancestors'), "'none'", path);
    assert.equal(policy.get('base-uri'), "'none'", path);
  }
});

/* ---- sessions ---- */

test('a session is ended by nobody else, and its cookie is not its id', async () => {
  const ada = await member(server, 'mine@example.org');
  const eve = await member(server, 'eve@example.org');
  const { id } = (await ada.get('/session')).body.session;
  assert.equal((await eve.delete(`/account/sessions/${id}`)).status, 404);
  const thief = new Client(server.url);
  for (const value of [id, id.padEnd(43, 'A'), '']) {
    thief.cookie = `parley=${value}`;
    assert.equal((await thief.get('/session')).body.account, null);
  }
  assert.equal((await ada.get('/session')).body.account.email, 'mine@example.org');
  await signIn(eve, 'eve@example.org');
});
