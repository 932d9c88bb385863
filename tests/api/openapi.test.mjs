/**
 * Holds docs/openapi.yaml against a server: every operation is called as it should be and as it should not, and each
 * answer has to be one that the document knows: status, headers, content type, body.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, link, member, password, roomy, send, signIn, until } from './lib/client.mjs';
import { Signalling } from './lib/socket.mjs';
import { totp } from './lib/totp.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const document = parse(readFileSync(join(root, 'docs/openapi.yaml'), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
ajv.addSchema({ $id: 'doc', ...document });

const compiled = new Map();

/** What is wrong with @p value by the schema at @p pointer; undefined: nothing. */
function wrongBy(pointer, value) {
  if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: `doc${pointer}` }));
  const validate = compiled.get(pointer);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

const at = (pointer) =>
  pointer
    .slice(2)
    .split('/')
    .reduce((o, key) => o[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);

const escapeKey = (key) => key.replaceAll('~', '~0').replaceAll('/', '~1');

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, op]) => ({
      ...op,
      path,
      method: method.toUpperCase(),
      pointer: `#/paths/${escapeKey(path)}/${method}`,
    })),
);

const byId = new Map(operations.map((op) => [op.operationId, op]));

/** Where the document has what it says of @p status. */
const responsePointer = (op, status) => {
  const pointer = `${op.pointer}/responses/${status}`;
  return at(pointer)?.$ref ?? pointer;
};

/** Statuses seen, by operation: for the last test. */
const seen = new Map(operations.map((op) => [op.operationId, new Set()]));

/** Is @p reply what the document says? Returns it. */
function check(op, reply, what) {
  const told = `${op.method} ${op.path}${what ? ` (${what})` : ''}: ${reply.status} ${reply.text.slice(0, 600)}`;
  const pointer = responsePointer(op, reply.status);
  const response = at(pointer);
  assert.ok(response, `a status that is not in the document: ${told}`);
  seen.get(op.operationId).add(String(reply.status));
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    const { required } = header.$ref ? at(header.$ref) : header;
    if (required) assert.ok(reply.headers[name.toLowerCase()] !== undefined, `no ${name}: ${told}`);
  }
  if (!response.content) {
    assert.equal(reply.text, '', told);
    return reply;
  }
  const type = Object.keys(response.content)[0];
  assert.equal(reply.type, type, told);
  assert.equal(reply.headers['x-content-type-options'], 'nosniff', told);
  if (op.path.startsWith('/api/')) assert.equal(reply.headers['cache-control'], 'no-store', told);
  const wrong = wrongBy(`${pointer}/content/${escapeKey(type)}/schema`, reply.body);
  assert.equal(wrong, undefined, told);
  return reply;
}

const fill = (op, id = '00000-00000-00000-00000') => op.path.replace('{id}', id);
const bodied = (op) => op.requestBody?.content['application/json'].schema;

let server;
let admin;
let ada;

/** Call an operation by its id with a body that the document allows. */
async function good(client, operationId, { id, body, query = '', status } = {}) {
  const op = byId.get(operationId);
  if (body !== undefined) {
    const wrong = wrongBy(`${op.pointer}/requestBody/content/application~1json/schema`, body);
    assert.equal(wrong, undefined, operationId);
  }
  const path = fill(op, id).replace('/api/v1', '') + query;
  const reply = check(op, await client.call(op.method, path, body), 'as it should be');
  const wanted = status ?? Object.keys(op.responses).find((s) => s.startsWith('2'));
  assert.equal(String(reply.status), String(wanted), `${operationId}: ${reply.text}`);
  return reply.body;
}

before(async () => {
  server = await new ParleyServer({ ...roomy, 'limits.rooms_per_min': 100_000 }).start();
  const token = await until(() => server.output.match(/\/setup#([\w-]{43})/)?.[1], 'a link to set up');
  admin = new Client(server.url);
  await good(admin, 'setUp', { body: { token, name: 'Root', email: 'root@example.org', password } });
  ada = await member(server, 'ada@example.org');
});
after(() => server.stop());

test('signing up and in, as documented', async () => {
  const guest = new Client(server.url);
  const op = byId.get('health');
  check(op, await send(server.url, 'GET', '/healthz'));
  await good(guest, 'info');
  const email = 'bob@example.org';
  await good(guest, 'signUp', { body: { name: 'Bob', email, password, language: 'de' } });
  const confirm = await link(server, email, 'confirm');
  await good(guest, 'confirm', { body: { token: confirm.token, password: `${password}.` }, status: 401 });
  assert.equal((await good(guest, 'session')).account, null);
  await good(guest, 'confirm', { body: { token: confirm.token, password } });
  await good(guest, 'signIn', { body: { email, password } });
  assert.equal((await good(guest, 'session')).account.email, email);
  await good(guest, 'passkeyOptions');
  await good(guest, 'forgot', { body: { email } });
  const { token } = await link(server, email, 'reset');
  await good(guest, 'reset', { body: { token, password: 'another good one' } });
  await good(guest, 'signIn', { body: { email, password }, status: 401 });
  await good(guest, 'signIn', { body: { email, password: 'another good one' } });
  await good(guest, 'changeEmail', { body: { email: 'bobby@example.org', password: 'another good one' } });
  await good(guest, 'confirmEmail', {
    body: { token: (await link(server, 'bobby@example.org', 'email')).token },
  });
  await good(guest, 'signOut');
});

test('the own account, as documented', async () => {
  const eve = await member(server, 'eve@example.org', 'Eve');
  await good(eve, 'account');
  await good(eve, 'updateAccount', { body: { name: 'Eva', language: 'pt-BR' } });
  await good(eve, 'setPassword', { body: { old: password, new: password } });
  await good(eve, 'setPassword', { body: { old: 'not it', new: password }, status: 401 });
  const other = new Client(server.url);
  await signIn(other, 'eve@example.org');
  const { sessions } = await good(eve, 'sessions');
  await good(eve, 'endSession', { id: sessions.find((s) => !s.current).id });
  await good(eve, 'endSessions');
  const { secret, ticket } = await good(eve, 'startTotp', { body: { password } });
  await good(eve, 'confirmTotp', { body: { ticket, code: '000000' }, status: 401 });
  await good(eve, 'newRecoveryCodes', { body: { password }, status: 409 });
  await good(eve, 'confirmTotp', { body: { ticket, code: totp(secret) } });
  await good(eve, 'startTotp', { body: { password }, status: 409 });
  const { recovery_codes: codes } = await good(eve, 'newRecoveryCodes', { body: { password } });
  const email = 'eve@example.org';
  await good(other, 'signIn', { body: { email, password }, status: 401 });
  await good(other, 'signIn', { body: { email, password, code: codes[0] } });
  await good(eve, 'stopTotp', { body: { password } });
  await good(eve, 'passkeys');
  await good(eve, 'newPasskeyOptions', { body: { password } });
  const { id, token } = await good(eve, 'addToken', {
    body: { password, name: 'Calendar', scopes: ['rooms:read', 'account:read'], expires_days: 30 },
  });
  const used = await eve.get('/rooms', { Authorization: `Bearer ${token}` });
  check(byId.get('rooms'), used, 'with a token');
  assert.ok((await good(eve, 'tokens')).tokens[0].used);
  await good(eve, 'removeToken', { id });
  await good(eve, 'export');
  await good(eve, 'deleteAccount', { body: { password: 'not it' }, status: 401 });
  await good(eve, 'deleteAccount', { body: { password } });
});

test('rooms, as documented', async () => {
  const guest = new Client(server.url);
  const once = await good(guest, 'makeRoom', { body: { knock: false } });
  await good(guest, 'enterRoom', { id: once.id });
  const { id } = await good(ada, 'makeRoom', { body: { name: 'Tea', knock: false, password: 'sugar' } });
  await good(ada, 'rooms');
  await good(ada, 'room', { id });
  await good(guest, 'enterRoom', { id, status: 401 });
  await good(guest, 'enterRoom', { id, body: { password: 'salt' }, status: 401 });
  assert.ok((await good(guest, 'enterRoom', { id, body: { password: 'sugar' } })).pass);
  await good(ada, 'changeRoom', { id, body: { locked: true, guests: false, password: '' } });
  await good(guest, 'enterRoom', { id, status: 403 });
  await good(ada, 'changeRoom', { id, body: { guests: true } });
  await good(guest, 'enterRoom', { id, status: 423 });
  await good(ada, 'removeRoom', { id });
  await good(guest, 'enterRoom', { id, status: 404 });
});

test('administration, as documented', async () => {
  const { users } = await good(admin, 'users', { query: '?q=ada&limit=5' });
  assert.equal(users[0].email, 'ada@example.org');
  await good(admin, 'users', { query: '?limit=0', status: 422 });
  assert.ok((await good(admin, 'users', { query: '?limit=1' })).next);
  await good(admin, 'invite', { body: { email: 'new@example.org', role: 'member' } });
  await good(admin, 'invite', { body: { email: 'ada@example.org' }, status: 409 });
  await good(admin, 'changeUser', { id: users[0].id, body: { role: 'member', disabled: false } });
  await good(admin, 'signOutUser', { id: users[0].id });
  await signIn(ada, 'ada@example.org');
  const made = (await good(ada, 'makeRoom', { body: { name: 'Seen', knock: false } })).id;
  await good(ada, 'enterRoom', { id: made });
  const ws = await Signalling.open(server.url);
  await ws.join(made, 'Gus');
  const used = (await good(admin, 'usedRooms')).rooms.find((r) => r.id === made);
  assert.deepEqual([used.owner, used.members, used.waiting], ['ada@example.org', 1, 0]);
  await good(admin, 'endRoom', { id: made });
  assert.equal((await ws.of('ended')).reason, 'admin');
  ws.close();
  await good(admin, 'settings');
  await good(admin, 'changeSettings', { body: { 'rooms.knock': true, 'accounts.signup': 'open' } });
  await good(admin, 'audit', { query: '?limit=2' });
  await good(admin, 'audit', { query: '?before=x', status: 422 });
  const root = (await good(admin, 'users', { query: '?q=root' })).users[0];
  await good(admin, 'changeUser', { id: root.id, body: { role: 'member' }, status: 409 });
  await good(admin, 'deleteUser', { id: root.id, status: 409 });
  const gone = await member(server, 'gone@example.org');
  const { account } = await good(gone, 'account');
  await good(admin, 'deleteUser', { id: account.id });
});

/** A value that a schema refuses. */
function wrongValue(schema) {
  const s = schema.$ref ? at(schema.$ref) : schema;
  const type = [s.type].flat()[0];
  return type === 'string' ? 7 : type === 'boolean' ? 'yes' : type === 'integer' ? 'many' : 'x';
}

function tooLong(schema) {
  const s = schema.$ref ? at(schema.$ref) : schema;
  if (s.maxLength) return 'x'.repeat(s.maxLength + 1);
  if (s.maximum) return s.maximum + 1;
  return s.maxItems ? Array(s.maxItems + 1).fill('rooms:read') : undefined;
}

test('bodies that are none, as documented', async () => {
  for (const op of operations.filter(bodied)) {
    const path = fill(op).replace('/api/v1', '');
    const call = (body, extra) => admin.call(op.method, path, body, extra);
    for (const [what, body] of [
      ['no JSON', '{'],
      ['no object', '[]'],
      ['a key twice', '{"knock":true,"knock":true}'],
      ['deep', `{"a":${'['.repeat(1000)}`],
    ]) {
      const reply = check(op, await call(Buffer.from(body)), what);
      assert.equal(reply.status, 400, `${op.operationId}: ${what}: ${reply.text}`);
    }
    const plain = check(op, await call(Buffer.from('{}'), { 'Content-Type': 'text/plain' }), 'text/plain');
    assert.equal(plain.status, 415);
    const unknown = check(op, await call({ surely_not_known: 1 }), 'an unknown field');
    assert.equal(unknown.body.code, 'unknown_field');
  }
});

test('fields that are wrong, as documented', async () => {
  for (const op of operations.filter(bodied)) {
    const path = fill(op).replace('/api/v1', '');
    for (const schema of bodied(op).oneOf ?? [bodied(op)]) {
      for (const [name, field] of Object.entries(schema.properties)) {
        const values = [['of the wrong type', wrongValue(field)]];
        if (tooLong(field) !== undefined) values.push(['too long', tooLong(field)]);
        for (const [what, value] of values) {
          const more = schema.properties.name && name !== 'name' ? { name: 'Room' } : {};
          const reply = await admin.call(op.method, path, { ...more, [name]: value });
          check(op, reply, `${name} is ${what}`);
          assert.equal(reply.status, 422, `${op.operationId}: ${name} is ${what}: ${reply.text}`);
          assert.ok(
            reply.body.errors.some((e) => e.field === name),
            `${op.operationId}: ${name} is ${what}: ${reply.text}`,
          );
        }
      }
      for (const name of schema.required ?? []) {
        if (bodied(op).oneOf) continue;
        const rest = Object.fromEntries(schema.required.filter((n) => n !== name).map((n) => [n, 'x']));
        const reply = check(op, await admin.call(op.method, path, rest), `no ${name}`);
        assert.equal(reply.status, 422);
        assert.ok(
          reply.body.errors.some((e) => e.field === name),
          reply.text,
        );
      }
    }
  }
});

/** A body of the right form; whether it makes sense is another question. */
function sample(op) {
  const schema = bodied(op)?.oneOf?.at(-1) ?? bodied(op);
  const value = (field) => {
    const s = field.$ref ? at(field.$ref) : field;
    if (s.type === 'array') return [value(s.items)];
    return s.enum?.[0] ?? 'x';
  };
  return (
    schema &&
    Object.fromEntries((schema.required ?? []).map((name) => [name, value(schema.properties[name])]))
  );
}

test('who may, as documented', async () => {
  const guest = new Client(server.url);
  const stale = { Authorization: `Bearer parley_${'A'.repeat(43)}` };
  const tokens = new Map();
  for (const scope of document.components.schemas.Scope.enum) {
    const made = await good(admin, 'addToken', { body: { password, name: scope, scopes: [scope] } });
    tokens.set(scope, { Authorization: `Bearer ${made.token}` });
  }
  for (const op of operations.filter((o) => o.path.startsWith('/api/') && o.security.length > 0)) {
    const call = (client, extra) =>
      client.call(op.method, fill(op).replace('/api/v1', ''), sample(op), extra);
    const open = op.security.some((s) => Object.keys(s).length === 0);
    if (!open) assert.equal(check(op, await call(guest), 'nobody').body.code, 'not_signed_in');
    assert.equal(check(op, await call(guest, stale), 'a bad token').body.code, 'not_signed_in');
    const scope = op.security.find((s) => s.token)?.token[0];
    for (const [name, headers] of tokens) {
      if (name === scope) continue;
      const reply = check(op, await call(guest, headers), `scope ${name}`);
      assert.equal(reply.body?.code, 'scope_missing', `${op.operationId} with ${name}: ${reply.text}`);
    }
    if (!op.path.startsWith('/api/v1/admin')) continue;
    assert.equal(check(op, await call(ada), 'a member').body.code, 'forbidden', op.operationId);
  }
});

test('what is refused for what it says, as documented', async () => {
  const guest = new Client(server.url);
  const token = 'A'.repeat(43);
  const person = { name: 'X', email: 'x@example.org', password };
  await good(guest, 'signUp', { body: { ...person, invite: token }, status: 410 });
  await good(guest, 'confirm', { body: { token, password }, status: 410 });
  await good(guest, 'confirmEmail', { body: { token }, status: 410 });
  await good(guest, 'reset', { body: { token, password }, status: 410 });
  await good(guest, 'setUp', { body: { ...person, token }, status: 410 });
  const proof = { id: 'AAAA', client_data: 'AAAA', authenticator_data: 'AAAA', signature: 'AAAA' };
  await good(guest, 'passkeySignIn', { body: { ...proof, user_handle: 'AAAA' }, status: 401 });
  const wrong = { password: 'not it' };
  await good(ada, 'changeEmail', { body: { email: 'y@example.org', ...wrong }, status: 401 });
  for (const id of ['startTotp', 'stopTotp', 'newRecoveryCodes', 'newPasskeyOptions'])
    await good(ada, id, { body: wrong, status: 401 });
  await good(ada, 'stopTotp', { body: { password }, status: 409 });
  await good(admin, 'deleteAccount', { body: { password }, status: 409 });
  await good(ada, 'addToken', { body: { password, name: 'x', scopes: ['admin'] }, status: 403 });
  await good(ada, 'addToken', { body: { ...wrong, name: 'x', scopes: ['rooms:read'] }, status: 401 });
  const { secret, ticket } = await good(ada, 'startTotp', { body: { password } });
  await good(ada, 'confirmTotp', { body: { ticket, code: totp(secret) } });
  await good(ada, 'confirmTotp', { body: { ticket, code: totp(secret) }, status: 409 });
  await good(ada, 'confirmTotp', { body: { ticket: 'x', code: '000000' }, status: 410 });
  await good(ada, 'stopTotp', { body: { password } });
});

test('where there are as many as there may be, and where passkeys cannot be had, as documented', async (t) => {
  const small = await new ParleyServer({
    ...roomy,
    'accounts.api_tokens': 1,
    'rooms.max_per_account': 1,
    'server.public_url': 'https://192.0.2.1',
  }).start();
  t.after(() => small.stop());
  const bob = new Client(small.url, 'https://192.0.2.1');
  const person = { name: 'Bob', email: 'bob@example.org', password };
  await bob.post('/signup', person);
  await bob.post('/confirm', { token: (await link(small, person.email, 'confirm')).token, password });
  const token = await until(() => small.output.match(/\/setup#([\w-]{43})/)?.[1], 'a link to set up');
  await good(bob, 'setUp', { body: { ...person, token }, status: 409 });
  await signIn(bob, person.email);
  await good(bob, 'addToken', { body: { password, name: 'One', scopes: ['rooms:read'] } });
  await good(bob, 'addToken', { body: { password, name: 'Two', scopes: ['rooms:read'] }, status: 409 });
  await good(bob, 'makeRoom', { body: { name: 'One' } });
  await good(bob, 'makeRoom', { body: { name: 'Two' }, status: 409 });
  await good(bob, 'passkeyOptions', { status: 409 });
  await good(bob, 'newPasskeyOptions', { body: { password }, status: 409 });
});

test('pages of others, as documented', async () => {
  for (const op of operations.filter((o) => o.method !== 'GET')) {
    for (const Origin of ['https://evil.example', 'null', undefined]) {
      if (Origin === undefined && op.security.length === 0) continue;
      const path = fill(op).replace('/api/v1', '');
      const reply = await admin.call(op.method, path, bodied(op) && {}, { Origin });
      check(op, reply, `from ${Origin}`);
      assert.equal(reply.body.code, 'bad_origin', `${op.operationId}: ${reply.text}`);
    }
  }
});

test('things that are not there, as documented', async () => {
  const bodies = {
    changeRoom: { locked: true },
    changeUser: { disabled: true },
    enterRoom: {},
  };
  for (const op of operations.filter((o) => o.path.includes('{id}'))) {
    for (const id of ['00000-00000-00000-00000', '0000000000000000', 'x', "'; DROP TABLE accounts; --"]) {
      const path = fill(op, encodeURIComponent(id)).replace('/api/v1', '');
      const reply = check(op, await admin.call(op.method, path, bodies[op.operationId]), id);
      assert.equal(reply.status, 404, `${op.operationId} ${id}: ${reply.text}`);
    }
  }
});

test('too many, as documented', async (t) => {
  const strict = await new ParleyServer({
    ...Object.fromEntries(Object.keys(roomy).map((k) => [k, k.startsWith('limits.') ? 1 : roomy[k]])),
    'limits.rooms_per_min': 1,
    'server.trusted_proxies': '127.0.0.1',
  }).start();
  t.after(() => strict.stop());
  const guest = new Client(strict.url);
  /* These cost no more than a file. */
  const uncounted = ['session', 'settings'];
  const counted = operations.filter((o) => o.responses[429] && !uncounted.includes(o.operationId));
  for (const [i, op] of counted.entries()) {
    const extra = { 'X-Forwarded-For': `203.0.113.${i}` };
    const path = fill(op).replace('/api/v1', '');
    let reply;
    for (let n = 0; n < 3; n++) reply = await guest.call(op.method, path, bodied(op) && {}, extra);
    assert.equal(check(op, reply, 'once more').status, 429, op.operationId);
  }
});

test('every status that can be had without an outage has been', () => {
  /* What needs a database that is gone, or limits that are set low. */
  const elsewhere = new Set(['429', '503']);
  /* What needs an authenticator is done in a browser. */
  const passkeys = [
    'passkeySignIn 200',
    'addPasskey 201',
    'addPasskey 409',
    'addPasskey 410',
    'removePasskey 204',
  ];
  const missing = [];
  for (const op of operations) {
    for (const status of Object.keys(op.responses)) {
      if (elsewhere.has(status) || seen.get(op.operationId).has(status)) continue;
      missing.push(`${op.operationId} ${status}`);
    }
  }
  assert.deepEqual(
    missing.filter((m) => !passkeys.includes(m)),
    [],
  );
});

test('methods and paths that are not in the document', async () => {
  for (const path of Object.keys(document.paths).filter((p) => p.startsWith('/api/'))) {
    /* `{id}` may be any word, also one that is a path of its own. */
    const fits = (o) => new RegExp(`^${o.path.replace('{id}', '[^/]+')}$`).test(path);
    const known = operations.filter(fits).map((o) => o.method);
    const all = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
    for (const method of all.filter((m) => !known.includes(m))) {
      const reply = await admin.call(method, path.replace('/api/v1', '').replace('{id}', 'x'));
      assert.equal(reply.status, 405, `${method} ${path}`);
      const allowed = reply.headers.allow.split(', ').filter((m) => m !== 'HEAD');
      assert.deepEqual(allowed.sort(), known.sort(), path);
    }
    if (!known.includes('GET')) continue;
    const head = await admin.call('HEAD', path.replace('/api/v1', '').replace('{id}', 'x'));
    const get = await admin.call('GET', path.replace('/api/v1', '').replace('{id}', 'x'));
    assert.equal(head.status, get.status);
  }
});
