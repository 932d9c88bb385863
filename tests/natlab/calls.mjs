/**
 * Calls between the lab's networks, as TAP. Started by run.mjs, inside its namespaces.
 *   calls.mjs handful | all [table.md] | eim-ipv6 …
 */
import { writeFileSync } from 'node:fs';
import { Browsers, call, serverOf } from './lib/call.mjs';
import { Lab } from './lib/lab.mjs';
import { allPairs, networkOf } from './lib/networks.mjs';
import { document, relayOf } from './lib/table.mjs';

/** Each way of connecting once: direct, through two NATs, relayed over UDP, TCP and TLS, across families. */
const HANDFUL = {
  open: ['eim-eim', 'open-symmetric', 'symmetric-symmetric2', 'no-udp-ipv6'],
  closed: ['symmetric-symmetric', 'tcp-443-tcp-443'],
};

/** "no-udp-ipv6" as a pair of networks. */
function parsePair(text) {
  for (let dash = text.indexOf('-'); dash > 0; dash = text.indexOf('-', dash + 1)) {
    const pair = [text.slice(0, dash), text.slice(dash + 1)];
    const known = allPairs.find((p) => p.join() === pair.join() || [...p].reverse().join() === pair.join());
    if (known) return pair;
  }
  throw new Error(`${text} is no pair of networks, as ${allPairs[1].join('-')} is`);
}

function wanted([what, ...rest]) {
  if (what === 'all') return { open: allPairs, closed: allPairs };
  if (what === 'handful') return { open: HANDFUL.open.map(parsePair), closed: HANDFUL.closed.map(parsePair) };
  const pairs = [what, ...rest].map(parsePair);
  return { open: pairs, closed: pairs };
}

function describe({ a, b, guestMs, hostMs }) {
  const side = (s) => [s.type, relayOf(s)].filter(Boolean).join(' over ');
  return `${side(a)} <-> ${side(b)}, first picture after ${Math.round(guestMs)} and ${Math.round(hostMs)} ms`;
}

class Session {
  #browsers = new Browsers();
  #lab;
  #server;
  #tests = 0;
  failed = false;

  constructor(pairs) {
    this.#lab = new Lab([...new Set(pairs.flat())]);
  }

  async start() {
    this.#server = await serverOf().start();
  }

  /** Each pair once. @param {string} condition how the server's firewall stands */
  async run(pairs, condition) {
    const runs = [];
    if (condition === 'closed') this.#lab.closeRelayPorts();
    for (const pair of pairs) {
      const result = await call(this.#browsers, this.#lab.site(pair[0], 'a'), this.#lab.site(pair[1], 'b'));
      this.#report(pair, condition, result);
      runs.push({ pair, result });
    }
    if (condition === 'closed') this.#lab.openRelayPorts();
    return runs;
  }

  #report(pair, condition, result) {
    const name = `${pair.map((key) => networkOf(key).title).join(' <-> ')}, relay ports ${condition}`;
    console.log(`${result.connected ? 'ok' : 'not ok'} ${++this.#tests} - ${name}`);
    const notes = result.connected ? describe(result) : `${result.why}\n${this.#server.log.slice(-2000)}`;
    for (const line of notes.split('\n')) console.log(`  # ${line}`);
    this.failed ||= !result.connected;
  }

  async end() {
    await this.#browsers.close();
    await this.#server?.stop();
    console.log(`1..${this.#tests}`);
  }
}

const words = process.argv.slice(2);
const { open, closed } = wanted(words);
console.log('TAP version 13');
const session = new Session([...open, ...closed]);
try {
  await session.start();
  const runs = [await session.run(open, 'open'), await session.run(closed, 'closed')];
  if (words[0] === 'all' && words[1]) writeFileSync(words[1], document(...runs));
} finally {
  await session.end();
}
if (session.failed) process.exitCode = 1;
