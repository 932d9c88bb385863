/**
 * Four namespaces: a relay, a client and a peer, each on a cable of its own to a router. The peer's cable carries
 * packets of 1280 bytes at most, as many a tunnel does. Public-looking addresses, because a relay refuses others as
 * peers; no route out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from '../../e2e/lib/certificates.mjs';

export const RELAY = '44.1.0.10';
export const CLIENT = '44.2.0.10';
export const PEER = '44.3.0.10';
export const PEER_MTU = 1280;
/** A host of its own certificate, so that clients have something to verify. */
export const RELAY_NAME = 'relay.parley.test';
/** No client here needs longer; one that hangs is a failure with its output shown. */
const RUN_MS = 60_000;

function run(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status}\n${stderr}`);
  return stdout;
}

const places = { relay: RELAY, client: CLIENT, peer: PEER };

/** A name of its own for each test file: they run at the same time. */
const tag = `io${process.pid}`;

/** Words before a command that make it run at the relay, the client or the peer. */
export const at = (place) => ['ip', 'netns', 'exec', `${tag}-${place}`];

/** Build the network. Everything ends with the namespaces that run.mjs has entered. */
export function build() {
  if (process.env.INTEROP_INSIDE !== '1') throw new Error('only under tests/interop/run.mjs');
  const lines = [`netns add ${tag}-router`];
  for (const [place, address] of Object.entries(places)) {
    lines.push(
      `netns add ${tag}-${place}`,
      `link add name eth0 netns ${tag}-${place} type veth peer name ${place} netns ${tag}-router`,
      `-n ${tag}-${place} address add ${address}/24 dev eth0`,
      `-n ${tag}-router address add ${address.replace(/\d+$/, '1')}/24 dev ${place}`,
    );
  }
  // `ip -batch` takes no -n of a line of its own, so the rest is a script.
  const batch = lines.filter((l) => !l.startsWith('-n')).join('\n');
  run('ip', ['-batch', '-'], `${batch}\n`);
  const script = [
    'set -e',
    ...lines.filter((l) => l.startsWith('-n')).map((l) => `ip ${l}`),
    `ip netns exec ${tag}-router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`,
    `ip -n ${tag}-router link set lo up`,
  ];
  for (const [place, address] of Object.entries(places)) {
    const mtu = place === 'peer' ? `mtu ${PEER_MTU}` : '';
    script.push(
      `ip -n ${tag}-${place} link set lo up`,
      `ip -n ${tag}-${place} link set eth0 ${mtu} up`,
      `ip -n ${tag}-router link set ${place} ${mtu} up`,
      `ip -n ${tag}-${place} route add default via ${address.replace(/\d+$/, '1')}`,
    );
  }
  run('sh', [], `${script.join('\n')}\n`);
}

/**
 * echo.py at the peer. `says` waits for what it prints, `tell` gives it input.
 * @returns {Promise<{port: number, stop: () => void, says: (what: RegExp) => Promise<void>, tell: (text: string) => void}>}
 */
export async function startEcho() {
  const where = /echo at (\d+)/;
  const echo = await stay('peer', ['/usr/bin/python3', beside('echo.py'), PEER], where);
  return {
    port: Number(where.exec(echo.output())[1]),
    stop: echo.stop,
    tell: (text) => echo.child.stdin.write(text),
    async says(what) {
      while (!what.test(echo.output())) await once(echo.child.stdout, 'data');
    },
  };
}

/** A command at a place, to its end. @returns {Promise<{status: number | null, output: string, said: string}>}
 * `said` is standard output alone */
export function finish(place, command, { env = {}, ms = RUN_MS } = {}) {
  return new Promise((resolve, reject) => {
    const [first, ...rest] = [...at(place), ...command];
    const child = spawn(first, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let output = '';
    let said = '';
    child.stdout.on('data', (data) => {
      output += data;
      said += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (signal) output += `\nended by ${signal}`;
      resolve({ status, output, said });
    });
  });
}

/**
 * A command at a place that stays. Resolves when its output matches `ready`.
 * @returns {Promise<{stop: () => void, output: () => string, child: import('node:child_process').ChildProcess}>}
 */
export function stay(place, command, ready) {
  return new Promise((resolve, reject) => {
    const [first, ...rest] = [...at(place), ...command];
    const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    const take = (data) => {
      output += data;
      if (ready.test(output)) resolve({ child, output: () => output, stop: () => child.kill('SIGTERM') });
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`${first} ended: ${code ?? signal}\n${output}`)));
  });
}

/** An authority of the lab's own, and the relay's certificate from it. @returns paths */
export const certificates = () =>
  makeCertificates(mkdtempSync(join(tmpdir(), 'interop-tls-')), RELAY_NAME, [`IP:${RELAY}`]);

/** The path of a file beside the tests. */
export const beside = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
