import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOM } from '../protocol/messages.fake';
import { accountPageOf, isPlace, tokenOf } from './routes';
import type { Account } from './types';
import { World } from './world.fake';

const ADA: Account = {
  id: 'a1',
  email: 'ada@example.org',
  name: 'Ada',
  language: 'en',
  role: 'member',
  created: '2026-11-20T18:00:00Z',
  two_factor: false,
  passkeys: 0,
  recovery_codes: 0,
  rooms: 0,
};
const TOKEN = 'Zk3tVd0y9XwqLm42Rr8uJbNc5HsEaPo1';

/** A page at @path, whose server has answered; @account: who it says is signed in. */
async function at(path: string, account: Account | null = null): Promise<World> {
  const w = new World(path);
  w.answers.set('GET /session', [200, { account }]);
  await w.settle();
  return w;
}

test('addresses of the account pages', () => {
  assert.equal(accountPageOf('/signin'), 'signin');
  assert.equal(accountPageOf('/account/'), 'account');
  for (const path of ['/', '/toString', '/signin/x', '/SIGNIN', '/r/signin', '//signin', '/constructor'])
    assert.equal(accountPageOf(path), undefined, path);
});

test('tokens behind #, and nothing else', () => {
  assert.equal(tokenOf(`#${TOKEN}`), TOKEN);
  for (const hash of ['', '#', '#short', `#${'x'.repeat(257)}`, `#${TOKEN}&a=b`, `#${TOKEN}<b>`])
    assert.equal(tokenOf(hash), '', hash);
});

test('places to come back to are ours', () => {
  for (const path of ['/', '/account', '/rooms', '/admin', `/r/${ROOM}`]) assert.ok(isPlace(path), path);
  for (const path of [
    '//evil.test',
    'https://evil.test/',
    '/signin',
    'javascript:alert(1)',
    '/\\evil.test',
    '',
  ])
    assert.equal(isPlace(path), false, path);
});

test('who is signed in is asked at the start, and what the service offers', async () => {
  const w = new World('/');
  assert.equal(w.state.account, undefined);
  await w.settle();
  assert.equal(w.state.account, null);
  assert.equal(w.state.service?.accounts.signup, 'open');
  assert.equal((await at('/', ADA)).state.account?.name, 'Ada');
});

test('a server that cannot say leaves it open, until it can', async () => {
  const w = new World('/account');
  w.answers.delete('GET /session');
  await w.settle();
  assert.deepEqual([w.state.account, w.state.accountUnknown, w.state.page], [undefined, true, 'account']);
  w.answers.set('GET /session', [200, { account: ADA }]);
  w.controller.askAccount();
  await w.settle();
  assert.deepEqual([w.state.account?.name, w.state.accountUnknown], ['Ada', false]);
});

test('a fault later does not sign anybody out', async () => {
  const w = await at('/', ADA);
  w.answers.set('GET /session', [503, { code: 'unavailable' }]);
  w.controller.askAccount();
  await w.settle();
  assert.deepEqual([w.state.account?.name, w.state.accountUnknown], ['Ada', false]);
});

test('the token of a mailed link is read once, and gone from the address', async () => {
  const w = await at(`/reset#${TOKEN}`);
  assert.deepEqual([w.state.page, w.state.token, w.hash], ['reset', TOKEN, '']);
  w.controller.go('/forgot');
  assert.deepEqual([w.state.page, w.state.token], ['forgot', '']);
});

test('what stands behind # elsewhere is left alone', async () => {
  const w = await at('/account#tokens-and-more', ADA);
  assert.deepEqual([w.state.page, w.state.token, w.hash], ['account', '', '#tokens-and-more']);
});

test('signing in: the socket is opened anew, and one comes home', async () => {
  const w = await at('/signin');
  w.controller.signedIn(ADA);
  assert.deepEqual([w.state.account?.name, w.state.page, w.path], ['Ada', 'home', '/']);
  assert.equal(w.signalCalls.at(-1), 'restart');
});

test('an answer that is older than signing in does not count', async () => {
  const w = new World('/signin'); // its question is under way
  w.controller.signedIn(ADA);
  await w.settle();
  assert.equal(w.state.account?.name, 'Ada');
});

test('the account wants somebody signed in, and comes back', async () => {
  const w = await at('/account');
  assert.deepEqual([w.state.page, w.path], ['signin', '/signin']);
  w.controller.signedIn(ADA);
  assert.deepEqual([w.state.page, w.path], ['account', '/account']);
});

test('sign in first, then to the room', async () => {
  const w = await at(`/r/${ROOM}`);
  w.controller.signInFirst(`/r/${ROOM}`);
  assert.equal(w.state.page, 'signin');
  w.controller.signedIn(ADA);
  assert.deepEqual([w.state.page, w.state.room], ['prejoin', ROOM]);
  // Only this once.
  w.controller.signOut();
  await w.settle();
  w.controller.go('/signin');
  w.answers.set('GET /session', [200, { account: ADA }]);
  w.controller.askAccount();
  await w.settle();
  assert.equal(w.path, '/');
});

test('a place that is not ours is not gone to', async () => {
  const w = await at('/');
  w.controller.signInFirst('//evil.test/');
  w.controller.signedIn(ADA);
  assert.equal(w.path, '/');
  w.session.set('parley.next', 'https://evil.test/');
  w.controller.go('/signin');
  assert.equal(w.path, '/');
});

test('pages for strangers are not for those who are signed in', async () => {
  for (const path of ['/signin', '/signup', '/forgot', `/setup#${TOKEN}`])
    assert.equal((await at(path, ADA)).state.page, 'home', path);
  for (const path of [`/reset#${TOKEN}`, `/confirm#${TOKEN}`, `/email#${TOKEN}`])
    assert.notEqual((await at(path, ADA)).state.page, 'home', path);
});

test('confirming signs in, and leads on to where somebody was about to go', async () => {
  const w = await at(`/confirm#${TOKEN}`);
  w.controller.signedIn(ADA);
  assert.deepEqual([w.state.page, w.path, w.state.account?.name], ['home', '/', 'Ada']);
});

test('signing out', async () => {
  const w = await at('/account', ADA);
  w.answers.set('DELETE /session', [204, {}]);
  w.controller.signOut();
  await w.settle();
  assert.deepEqual([w.state.account, w.state.page], [null, 'home']);
  assert.equal(w.signalCalls.at(-1), 'restart');
});

test('signing out without a network: still signed in, and told so', async () => {
  const w = await at('/account', ADA);
  w.controller.signOut();
  await w.settle();
  assert.equal(w.state.account?.name, 'Ada');
  assert.equal(w.state.notices.length, 1);
});

test('a session that the server ended leads to the sign-in page, and back', async () => {
  const w = await at('/account', ADA);
  w.answers.set('GET /account', [401, { code: 'not_signed_in' }]);
  await w.controller.api.get('/account', (v): v is unknown => v !== undefined);
  assert.deepEqual([w.state.account, w.state.page, w.state.notices.length], [null, 'signin', 1]);
  w.controller.signedIn(ADA);
  assert.equal(w.state.page, 'account');
});

test('coming back to the tab asks again: another one may have signed out', async () => {
  const w = await at('/', ADA);
  w.answers.set('GET /session', [200, { account: null }]);
  w.controller.pageShown(false);
  await w.settle();
  assert.equal(w.state.account, null);
});

test('storage that is forbidden does not stand in the way of signing in', async () => {
  const session = new Map<string, string>();
  session.get = () => {
    throw new Error('SecurityError');
  };
  session.set = session.get as never;
  session.delete = session.get as never;
  const w = new World('/signin', session);
  await w.settle();
  w.controller.signedIn(ADA);
  assert.equal(w.state.page, 'home');
  assert.ok(w.faults.length > 0);
});
