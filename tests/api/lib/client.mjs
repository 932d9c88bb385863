/** A client of the HTTP API with a cookie jar of one, and the letters that a server has written to its outbox. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * One request over a connection of its own. Unlike fetch() it sends any header that it is told to, Host included,
 * and none that it is not.
 */
export function send(url, method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const req = request(new URL(path, url), { method, headers, agent: false }, (reply) => {
      const chunks = [];
      reply.on('data', (c) => chunks.push(c));
      reply.on('end', () => resolve(read(reply, Buffer.concat(chunks))));
    });
    req.on('error', reject);
    req.end(body);
  });
}

function read(reply, bytes) {
  const text = bytes.toString();
  const type = reply.headers['content-type'] ?? '';
  return {
    status: reply.statusCode,
    headers: reply.headers,
    type,
    text,
    body: type.includes('json') && text !== '' ? JSON.parse(text) : undefined,
  };
}

export class Client {
  /** The cookie as it would be sent: "parley=…"; undefined: there is none. */
  cookie;
  #url;
  #origin;

  constructor(url, origin = url) {
    this.#url = url;
    this.#origin = origin;
  }

  /** @param {object} [extra] more headers; a value of undefined takes one away */
  async call(method, path, body, extra = {}) {
    const headers = { Origin: this.#origin, ...(this.cookie && { Cookie: this.cookie }) };
    let bytes;
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
      bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      headers['Content-Length'] = bytes.length;
    }
    Object.assign(headers, extra);
    for (const [k, v] of Object.entries(headers)) if (v === undefined) delete headers[k];
    const reply = await send(this.#url, method, `/api/v1${path}`, { headers, body: bytes });
    this.#keep(reply.headers['set-cookie']);
    return reply;
  }

  #keep(lines) {
    for (const line of lines ?? []) {
      const [pair] = line.split(';');
      this.cookie = pair.endsWith('=') ? undefined : pair;
    }
  }

  get(path, extra) {
    return this.call('GET', path, undefined, extra);
  }

  post(path, body = {}, extra = {}) {
    return this.call('POST', path, body, extra);
  }

  patch(path, body, extra) {
    return this.call('PATCH', path, body, extra);
  }

  delete(path, body, extra) {
    return this.call('DELETE', path, body, extra);
  }
}

/** Look until @p look returns something. */
export async function until(look, what, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}

const unquote = (text) =>
  Buffer.from(
    text
      .replace(/\r/g, '')
      .replace(/=\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();

/** All letters to @p to, oldest first, as text. */
export function letters(server, to) {
  const dir = join(server.dataDir, 'outbox');
  let names = [];
  try {
    names = readdirSync(dir).filter((n) => n.endsWith('.eml'));
  } catch (e) {
    if (e.code !== 'ENOENT') throw e;
  }
  /* Their names are in no order. */
  const written = (n) => statSync(join(dir, n), { bigint: true }).mtimeNs;
  return names
    .map((n) => ({ n, at: written(n) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ n }) => readFileSync(join(dir, n), 'utf8'))
    .filter((raw) => new RegExp(`^To:.*${to.replaceAll('.', '\\.')}`, 'mi').test(raw))
    .map(unquote);
}

/** The token of the newest link to @p page in a letter to @p to, and the whole link; waits for the letter. */
export async function link(server, to, page, after = 0) {
  const found = await until(
    () => {
      const all = letters(server, to).flatMap(
        (t) => t.match(new RegExp(`https?://\\S*/${page}#[\\w-]+`)) ?? [],
      );
      return all.length > after ? all : undefined;
    },
    `letter ${after + 1} to ${to} with a link to /${page}`,
  );
  const url = found[found.length - 1];
  return { url, token: url.split('#')[1], count: found.length };
}

export const password = 'a long enough password';

/** Sign up, and confirm, which signs in. */
export async function member(server, email, name = 'Ada') {
  const client = new Client(server.url);
  const signup = await client.post('/signup', { name, email, password });
  if (signup.status !== 202) throw new Error(`sign-up: ${signup.status} ${signup.text}`);
  const { token } = await link(server, email, 'confirm');
  const confirm = await client.post('/confirm', { token, password });
  if (confirm.status !== 200) throw new Error(`confirm: ${confirm.status} ${confirm.text}`);
  return client;
}

export async function signIn(client, email, secret = password) {
  const reply = await client.post('/session', { email, password: secret });
  if (reply.status !== 200) throw new Error(`sign-in: ${reply.status} ${reply.text}`);
  return reply;
}

/** Options for a server whose limits are not what is tested. */
export const roomy = {
  'limits.reads_per_min': 100_000,
  'limits.writes_per_min': 100_000,
  'limits.signins_per_min': 100_000,
  'limits.signins_per_account': 100_000,
  'limits.signups_per_hour': 100_000,
  'limits.resets_per_hour': 100_000,
  'limits.mails_per_hour': 100_000,
  'limits.room_guesses_per_min': 100_000,
  'turn.enabled': 'off',
  'accounts.hash_kbytes': 8192,
};
