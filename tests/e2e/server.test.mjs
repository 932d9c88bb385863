/** The server as a client on the network sees it, without a browser: HTTP, TLS, WebSocket handshake and limits. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { parseReply, rawRequest, rawUntilClose } from './lib/raw.mjs';
import { freePort, ParleyServer } from './lib/server.mjs';

let server;
before(async () => {
  server = await new ParleyServer({
    'limits.http_header_s': 1,
    'limits.http_body_s': 1,
    'limits.hello_s': 1,
    'limits.messages_per_s': 10,
    'limits.messages_burst': 40,
    'turn.urls': 'turn:turn.example:3478?transport=udp',
    'turn.secret': 'e2e secret',
  }).start();
});
after(() => server?.stop());

const get = (path, headers = '') =>
  rawRequest(server.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
const status = async (bytes) => parseReply(await rawUntilClose(server.port, bytes)).status;

test('the page comes with every security header, revalidates, and is compressed on request', async () => {
  const plain = await get('/');
  assert.equal(plain.status, 200);
  assert.match(plain.headers.get('content-type'), /^text\/html/);
  const policy = plain.headers.get('content-security-policy');
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]) {
    assert.ok(policy.includes(part), part);
  }
  assert.ok(!policy.includes('unsafe'));
  assert.match(
    plain.headers.get('permissions-policy'),
    /camera=\(self\), microphone=\(self\), display-capture=\(self\)/,
  );
  assert.equal(plain.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(plain.headers.get('x-frame-options'), 'DENY');
  assert.equal(plain.headers.get('referrer-policy'), 'same-origin');
  assert.equal(plain.headers.get('cross-origin-opener-policy'), 'same-origin');
  assert.equal(plain.headers.get('cache-control'), 'no-cache');

  const again = await get('/', `If-None-Match: ${plain.headers.get('etag')}\r\n`);
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
  assert.ok(again.headers.get('content-security-policy'));
});

test('brotli and gzip hold the same bytes; hashed files are immutable', async () => {
  const page = (await get('/')).body.toString();
  const script = page.match(/src="(\/assets\/[^"]+\.js)"/)[1];
  const plain = await get(script);
  const br = await get(script, 'Accept-Encoding: gzip, br\r\n');
  const gz = await get(script, 'Accept-Encoding: gzip\r\n');
  assert.equal(br.headers.get('content-encoding'), 'br');
  assert.equal(gz.headers.get('content-encoding'), 'gzip');
  assert.equal(br.headers.get('vary'), 'Accept-Encoding');
  assert.match(br.headers.get('cache-control'), /immutable/);
  assert.ok(brotliDecompressSync(br.body).equals(plain.body));
  assert.ok(gunzipSync(gz.body).equals(plain.body));
});

test('the whole page weighs at most 60 kB in brotli', async () => {
  const page = await get('/', 'Accept-Encoding: br\r\n');
  let total = page.body.length;
  const files = brotliDecompressSync(page.body)
    .toString()
    .matchAll(/(?:src|href)="(\/[^"]+)"/g);
  for (const [, path] of files) total += (await get(path, 'Accept-Encoding: br\r\n')).body.length;
  assert.ok(total <= 60_000, `${total} bytes`);
});

test('HEAD, 404, 405 and 426', async () => {
  const head = await rawRequest(server.port, 'HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers.get('content-length')) > 0);
  assert.equal(head.body.length, 0);
  const missing = await get('/nothing');
  assert.equal(missing.status, 404);
  assert.match(missing.headers.get('content-type'), /application\/problem\+json/);
  assert.equal((await get('/../../etc/passwd')).status, 400);
  assert.equal((await get('/assets/%2e%2e/%2e%2e/etc/passwd')).status, 400);
  const wrong = await rawRequest(server.port, 'DELETE /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST');
  const upgrade = await get('/ws', `Origin: ${server.url}\r\n`.replace(/localhost:\d+/, 'localhost'));
  assert.equal(upgrade.status, 426);
});

test('pipelined requests are answered in order on one connection', async () => {
  const one = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
  const two = 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n';
  const last = 'GET /api/v1/info HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const text = await rawUntilClose(server.port, one + two + one + last);
  assert.deepEqual(
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => m[1]),
    ['200', '404', '200', '200'],
  );
});

test('requests that could be read in two ways are refused', async () => {
  const post = 'POST /api/v1/rooms HTTP/1.1\r\nHost: a\r\n';
  assert.equal(await status(`${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`), 400);
  assert.equal(await status(`${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`), 400);
  assert.equal(await status('GET / HTTP/1.1\r\n\r\n'), 400);
  assert.equal(await status('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), 400);
  assert.equal(await status('GET / HTTP/1.1\nHost: a\n\n'), 400);
  assert.equal(await status('GET nonsense\r\n\r\n'), 400);
  assert.equal(await status('BREW / HTTP/1.1\r\nHost: a\r\n\r\n'), 501);
});

test('sizes and deadlines are bounded: 414, 431, 413, 408', async () => {
  assert.equal(await status(`GET /${'a'.repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
  assert.equal(await status(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`), 431);
  assert.equal(
    await status('POST /api/v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n'),
    413,
  );
  assert.equal(await status('GET / HTTP/1.1\r\nHost: a\r\n'), 408);
  assert.equal(await status('POST /api/v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{'), 408);
});

const postRoom = (body, headers = {}) =>
  fetch(`${server.url}/api/v1/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

test('rooms are made over the API, bad bodies get a code', async () => {
  const made = await postRoom('{"knock":false}');
  assert.equal(made.status, 201);
  const room = await made.json();
  assert.match(room.id, /^([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}$/);
  assert.equal(room.url, `${server.url}/r/${room.id}`);
  const codes = [
    ['[]', {}, 400, 'bad_json'],
    ['{"knock":1}', {}, 422, 'bad_field'],
    ['{"knock":true,"knock":false}', {}, 400, 'bad_json'],
    ['{}', { 'content-type': 'text/plain' }, 415, 'bad_content_type'],
    ['{}', { origin: 'https://evil.example' }, 403, 'bad_origin'],
  ];
  for (const [body, headers, code, name] of codes) {
    const reply = await postRoom(body, headers);
    assert.equal(reply.status, code, body);
    assert.equal((await reply.json()).code, name);
  }
});

test('making rooms is limited per address', async () => {
  const strict = await new ParleyServer({ 'limits.rooms_per_min': 3 }).start();
  try {
    const replies = [];
    for (let i = 0; i < 4; i++) replies.push(await fetch(`${strict.url}/api/v1/rooms`, { method: 'POST' }));
    assert.deepEqual(
      replies.map((r) => r.status),
      [201, 201, 201, 429],
    );
    assert.ok(Number(replies[3].headers.get('retry-after')) > 0);
  } finally {
    await strict.stop();
  }
});

test('behind a trusted proxy everybody counts for themselves, and nobody else is believed', async () => {
  const make = (server, client) =>
    fetch(`${server.url}/api/v1/rooms`, { method: 'POST', headers: { 'x-forwarded-for': client } });
  const sets = { 'limits.rooms_per_min': 1 };
  const behind = await new ParleyServer({ ...sets, 'server.trusted_proxies': '127.0.0.0/8' }).start();
  const bare = await new ParleyServer(sets).start();
  try {
    const url = behind.url.replace('localhost', '127.0.0.1');
    const trusted = { url };
    assert.equal((await make(trusted, '192.0.2.1')).status, 201);
    assert.equal((await make(trusted, '192.0.2.2')).status, 201);
    assert.equal((await make(trusted, '192.0.2.9, 192.0.2.1')).status, 429);
    assert.equal((await make(bare, '192.0.2.1')).status, 201);
    assert.equal((await make(bare, '192.0.2.2')).status, 429);
  } finally {
    await behind.stop();
    await bare.stop();
  }
});

const wsUrl = () => `ws://localhost:${server.port}/ws`;
const socket = (options = {}) =>
  new WebSocket(wsUrl(), options.protocol ?? 'parley.v1', { origin: server.url, ...options });

async function refusal(ws) {
  const [, reply] = await once(ws, 'unexpected-response');
  reply.resume();
  return reply.statusCode;
}

async function opened(options) {
  const ws = socket(options);
  await once(ws, 'open');
  return ws;
}

const closeCode = async (ws) => (await once(ws, 'close'))[0];
const reply = async (ws) => JSON.parse(String((await once(ws, 'message'))[0]));

test('a WebSocket of a foreign, null or absent origin is refused before the upgrade', async () => {
  for (const origin of [
    'https://evil.example',
    'null',
    `http://127.0.0.1:${server.port}`,
    `${server.url}.evil.example`,
    undefined,
  ]) {
    const headers = origin === undefined ? { origin: undefined } : { origin };
    const ws = new WebSocket(wsUrl(), 'parley.v1', headers);
    ws.on('error', () => {});
    assert.equal(await refusal(ws), 403, String(origin));
  }
});

test('the handshake needs the subprotocol, and never accepts compression', async () => {
  const none = new WebSocket(wsUrl(), 'other', { origin: server.url });
  none.on('error', () => {});
  assert.equal(await refusal(none), 400);
  const ws = await opened({ perMessageDeflate: true });
  assert.equal(ws.protocol, 'parley.v1');
  assert.equal(ws.extensions, '');
  ws.terminate();
});

test('limits of a WebSocket: 1003, 1007, 1008, 1009, 4000', async () => {
  const binary = await opened();
  binary.send(Buffer.from('{}'));
  assert.equal(await closeCode(binary), 1003);

  const text = await opened();
  text.send(Buffer.from([0xff, 0xfe]), { binary: false });
  assert.equal(await closeCode(text), 1007);

  const pings = await opened();
  for (let i = 0; i < 100; i++) pings.ping();
  assert.equal(await closeCode(pings), 1008);

  const flood = await opened();
  for (let i = 1; i < 300; i++) flood.send(`{"type":"ping","id":${i}}`);
  assert.equal(await closeCode(flood), 1008);

  const bad = await opened();
  for (let i = 0; i < 20; i++) bad.send('nonsense');
  assert.equal(await closeCode(bad), 1008);

  assert.equal(await closeCode(await opened()), 4000);
});

test('a message that is too long is refused by its header, before its payload', async () => {
  const raw = connect(server.port, '127.0.0.1');
  raw.write(
    `GET /ws HTTP/1.1\r\nHost: localhost:${server.port}\r\nOrigin: ${server.url}\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'Sec-WebSocket-Protocol: parley.v1\r\n\r\n',
  );
  const chunks = [];
  raw.on('data', (d) => chunks.push(d));
  await once(raw, 'data');
  const header = Buffer.alloc(14);
  header[0] = 0x81;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(1_000_000n, 2);
  raw.write(header);
  await new Promise((done) => raw.once('close', done));
  const all = Buffer.concat(chunks);
  const frame = all.subarray(all.indexOf('\r\n\r\n') + 4);
  assert.equal(frame[0], 0x88);
  assert.equal(frame.readUInt16BE(2), 1009);
});

test('welcome carries TURN credentials that the shared secret makes', async () => {
  const ws = await opened();
  ws.send('{"type":"hello","id":1}');
  const welcome = await reply(ws);
  assert.equal(welcome.type, 'welcome');
  const turn = welcome.ice_servers[0];
  assert.deepEqual(turn.urls, ['turn:turn.example:3478?transport=udp']);
  assert.equal(turn.credential, createHmac('sha1', 'e2e secret').update(turn.username).digest('base64'));
  const left = Number(turn.username.split(':')[0]) - Date.now() / 1000;
  assert.ok(left > 500 && left <= 601, `${left} s left`);
  ws.terminate();
});

test('SIGTERM ends WebSockets with 1001 and the process with 0', async () => {
  const other = await new ParleyServer({ 'server.shutdown_s': 20 }).start();
  const ws = new WebSocket(`ws://localhost:${other.port}/ws`, 'parley.v1', { origin: other.url });
  await once(ws, 'open');
  const closed = closeCode(ws);
  await other.stop();
  assert.equal(await closed, 1001);
});

const httpsGet = (port, path, options = {}) =>
  new Promise((resolve, reject) => {
    const req = httpsRequest(
      { port, path, host: 'localhost', rejectUnauthorized: false, ...options },
      (res) => {
        res.resume();
        res.once('end', () => resolve(res));
      },
    );
    req.once('error', reject);
    req.end();
  });

test('with a self-signed certificate: HTTPS and WSS work, plain HTTP redirects, old TLS is refused', async () => {
  const port = await freePort();
  const secure = await new ParleyServer({
    'tls.self_signed': 'on',
    'server.https_port': port,
    'server.listen': '*',
  }).start();
  try {
    assert.equal((await httpsGet(port, '/')).statusCode, 200);
    const redirect = await fetch(`${secure.url}/r/x?y=1`, { redirect: 'manual' });
    assert.equal(redirect.status, 308);
    assert.equal(redirect.headers.get('location'), `https://localhost:${port}/r/x?y=1`);
    const options = { origin: `https://localhost:${port}`, rejectUnauthorized: false };
    const ws = new WebSocket(`wss://localhost:${port}/ws`, 'parley.v1', options);
    await once(ws, 'open');
    ws.send('{"type":"hello","id":1}');
    assert.equal((await reply(ws)).type, 'welcome');
    ws.terminate();
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const s = tlsConnect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
      });
      await once(s, 'secureConnect');
      assert.equal(s.getProtocol(), version);
      s.destroy();
    }
    const old = tlsConnect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await once(old, 'error');
    assert.equal(statSync(join(secure.dataDir, 'self-signed.pem')).mode & 0o777, 0o600);
  } finally {
    await secure.stop();
  }
});

test('server.web_root serves from disk, and from nowhere else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-web-'));
  writeFileSync(join(dir, 'index.html'), '<p>from disk');
  writeFileSync(join(dir, '.secret'), 'hidden');
  const other = await new ParleyServer({ 'server.web_root': dir }).start();
  try {
    assert.equal(await (await fetch(`${other.url}/r/abc`)).text(), '<p>from disk');
    assert.equal((await fetch(`${other.url}/.secret`)).status, 404);
    assert.equal(
      (await rawRequest(other.port, 'GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: a\r\n\r\n')).status,
      400,
    );
  } finally {
    await other.stop();
    rmSync(dir, { recursive: true });
  }
});

test('keys in the data directory are private, and stay the same over restarts', async () => {
  const file = join(server.dataDir, 'ticket.key');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file).length, 32);
});
