/**
 * Whether the time an answer takes tells that an address is known.
 *
 * Known and unknown are asked for in turn, in random order, so that whatever else the machine does weighs on both
 * alike. What is looked at is the probability that a known one takes longer than an unknown one (Mann and Whitney's
 * U over the number of pairs): one half where time tells nothing, near 0 or 1 where one of them costs a hash or a
 * write more. It knows no outliers. Without a difference its standard deviation is √((2n + 1) / 12) / n with n of each;
 * BOUND of these are not reached by chance in a million runs, and leave room for the little that a letter being written
 * meanwhile weighs.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { member, password, roomy } from './lib/client.mjs';

const BOUND = 6;
const TRIES = { hashed: 120, written: 500 };

const bound = (n) => (BOUND * Math.sqrt((2 * n + 1) / 12)) / n;

const KNOWN = 'known@example.org';
const UNKNOWN = 'other@example.org';

let server;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
before(async () => {
  server = await new ParleyServer(roomy).start();
  await member(server, KNOWN);
});
after(async () => {
  agent.destroy();
  await server.stop();
});

/** Milliseconds from the request's last byte to the answer's first. */
function time(path, body, status) {
  return new Promise((resolve, reject) => {
    const bytes = JSON.stringify(body);
    const headers = {
      Origin: server.url,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(bytes),
    };
    const options = { method: 'POST', headers, agent };
    const start = performance.now();
    const req = request(new URL(`/api/v1${path}`, server.url), options, (reply) => {
      const took = performance.now() - start;
      reply.resume();
      reply.on('end', () =>
        reply.statusCode === status ? resolve(took) : reject(new Error(`${path}: ${reply.statusCode}`)),
      );
    });
    req.on('error', reject);
    req.end(bytes);
  });
}

/** How often one of @p a is longer than one of @p b. */
function longer(a, b) {
  let n = 0;
  for (const x of a) for (const y of b) n += x > y ? 1 : x === y ? 0.5 : 0;
  return n / (a.length * b.length);
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** @param asks two functions that ask once and give the time @returns {Promise<number>} of the first being longer */
async function compare(t, n, [one, other]) {
  const times = [[], []];
  for (let i = 0; i < n; i++) {
    const first = randomInt(2);
    for (const which of [first, 1 - first]) times[which].push(await [one, other][which]());
  }
  const p = longer(...times);
  const medians = times.map((list) => median(list).toFixed(2)).join(' and ');
  t.diagnostic(`longer in ${(100 * p).toFixed(1)} of 100; medians ${medians} ms`);
  return p;
}

const asks = [
  ['sign-in', (email) => time('/session', { email, password: 'not the password' }, 401), TRIES.hashed],
  ['sign-up', (email) => time('/signup', { name: 'Eve', email, password }, 202), TRIES.hashed],
  ['a forgotten password', (email) => time('/password/forgot', { email }, 202), TRIES.written],
];

for (const [name, ask, n] of asks) {
  test(`${name}: the time does not tell who has an account`, async (t) => {
    const p = await compare(t, n, [() => ask(KNOWN), () => ask(UNKNOWN)]);
    assert.ok(Math.abs(p - 0.5) < bound(n), `a known address takes longer in ${(100 * p).toFixed(1)} of 100`);
  });
}

test('a difference, where there is one, is seen', async (t) => {
  const wrong = { email: KNOWN, password: 'not the password' };
  const hashed = () => time('/session', wrong, 401);
  const unhashed = () => time('/session', { ...wrong, password: 7 }, 422);
  const p = await compare(t, TRIES.hashed, [hashed, unhashed]);
  assert.ok(p > 0.5 + bound(TRIES.hashed), `a hash takes longer than none in ${(100 * p).toFixed(1)} of 100`);
});
