import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountApi } from '../protocol/accounts';
import { Api } from '../protocol/api';
import {
  addPasskey,
  creationOptions,
  fromBase64url,
  requestOptions,
  signInWithPasskey,
  toBase64url,
} from './passkey';

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

test('base64url, both ways, without padding', () => {
  for (const [buffer, text] of [
    [bytes(), ''],
    [bytes(0), 'AA'],
    [bytes(251, 255, 254), '-__-'],
    [bytes(1, 2, 3, 4), 'AQIDBA'],
  ] as const) {
    assert.equal(toBase64url(buffer), text);
    assert.deepEqual(new Uint8Array(fromBase64url(text)), new Uint8Array(buffer));
  }
});

test('options become bytes where the browser wants bytes', () => {
  const request = requestOptions({
    challenge: 'AQID',
    rpId: 'x',
    allowCredentials: [{ id: 'AA', type: 'public-key' }],
  });
  assert.deepEqual(new Uint8Array(request.challenge as ArrayBuffer), new Uint8Array([1, 2, 3]));
  assert.deepEqual(new Uint8Array(request.allowCredentials?.[0]?.id as ArrayBuffer), new Uint8Array([0]));
  assert.equal(request.rpId, 'x');
  const made = creationOptions({
    challenge: 'AQID',
    user: { id: 'AA', name: 'n', displayName: 'd' },
    rp: { name: 'P' },
  });
  assert.deepEqual(new Uint8Array(made.user.id as ArrayBuffer), new Uint8Array([0]));
  assert.equal(made.rp.name, 'P');
  assert.throws(() => requestOptions({}), TypeError);
  assert.throws(() => creationOptions({ challenge: 'AQID' }), TypeError);
});

const ACCOUNT = {
  id: 'a1',
  email: 'ada@example.org',
  name: 'Ada',
  language: '',
  role: 'member',
  created: '2026-11-20T18:00:00Z',
  two_factor: false,
  passkeys: 1,
  recovery_codes: 0,
  rooms: 0,
};

/** Answers by path; what was sent by path. */
function world(answers: Readonly<Record<string, [number, object]>>) {
  const sent: Record<string, unknown> = {};
  const api = new Api(
    async ({ path, body }) => {
      const short = path.replace('/api/v1', '');
      sent[short] = body === undefined ? undefined : JSON.parse(body);
      const [status, answer] = answers[short] ?? [404, {}];
      return { status, body: JSON.stringify(answer), retryAfter: null };
    },
    { fault: () => undefined, notSignedIn: () => undefined },
  );
  return { accounts: new AccountApi(api), sent };
}

const OPTIONS: [number, object] = [200, { publicKey: { challenge: 'AQID', user: { id: 'AA', name: 'n' } } }];
const named = (name: string): Error => Object.assign(new Error(name), { name });

const assertion = (userHandle: ArrayBuffer | null) =>
  ({
    rawId: bytes(9),
    response: {
      clientDataJSON: bytes(1),
      authenticatorData: bytes(2),
      signature: bytes(3),
      userHandle,
    },
  }) as unknown as Credential;

test('signing in: the answer of the authenticator goes to the server as text', async () => {
  for (const [handle, more] of [
    [bytes(4), { user_handle: 'BA' }],
    [null, {}],
    [bytes(), {}],
  ] as const) {
    const { accounts, sent } = world({
      '/session/passkey/options': OPTIONS,
      '/session/passkey': [200, { account: ACCOUNT }],
    });
    const outcome = await signInWithPasskey(accounts, { get: async () => assertion(handle) });
    assert.equal(outcome.ok && outcome.value.name, 'Ada');
    assert.deepEqual(sent['/session/passkey'], {
      id: 'CQ',
      client_data: 'AQ',
      authenticator_data: 'Ag',
      signature: 'Aw',
      ...more,
    });
  }
});

test('making one: with the password, then what the authenticator made', async () => {
  const { accounts, sent } = world({
    '/account/passkeys/options': OPTIONS,
    '/account/passkeys': [201, {}],
  });
  const made = { rawId: bytes(9), response: { clientDataJSON: bytes(1), attestationObject: bytes(2) } };
  const outcome = await addPasskey(
    accounts,
    { create: async () => made as unknown as Credential },
    { name: 'Laptop', password: 'secret' },
  );
  assert.deepEqual(outcome, { ok: true, value: undefined });
  assert.deepEqual(sent, {
    '/account/passkeys/options': { password: 'secret' },
    '/account/passkeys': { name: 'Laptop', id: 'CQ', client_data: 'AQ', attestation_object: 'Ag' },
  });
});

test('closing the window of the browser is no fault; what the browser cannot do is', async () => {
  for (const [thrown, expected] of [
    ['NotAllowedError', 'cancelled'],
    ['AbortError', 'cancelled'],
    ['InvalidStateError', 'passkey_known'],
    ['SecurityError', 'passkey_wrong_site'],
    ['UnknownError', 'passkey_failed'],
  ] as const) {
    const { accounts, sent } = world({ '/session/passkey/options': OPTIONS });
    const outcome = await signInWithPasskey(accounts, {
      get: async () => {
        throw named(thrown);
      },
    });
    assert.ok(!outcome.ok);
    assert.equal(outcome.cancelled ? 'cancelled' : outcome.fault.code, expected);
    assert.equal('/session/passkey' in sent, false);
  }
});

test('options of the wrong form are a fault, not an exception', async () => {
  const { accounts } = world({ '/session/passkey/options': [200, { publicKey: { challenge: 5 } }] });
  const outcome = await signInWithPasskey(accounts, { get: async () => assertion(null) });
  assert.equal(!outcome.ok && !outcome.cancelled && outcome.fault.code, 'passkey_failed');
});

test('what the server refuses is told as it said it', async () => {
  const { accounts } = world({ '/session/passkey/options': [429, { code: 'too_many' }] });
  const outcome = await signInWithPasskey(accounts, { get: async () => assertion(null) });
  assert.equal(!outcome.ok && !outcome.cancelled && outcome.fault.code, 'too_many');
});
