/**
 * Holds the relay against other people's clients and prints TAP: coturn's tools, stun-client, aioice, libnice, and a
 * client of our own where what counts is the network between. Everything happens in network, mount and process
 * namespaces of its own, without a way out, and is gone with them. Needs root, or a machine that allows unprivileged
 * user namespaces; elsewhere it says so and skips.
 *
 *   node tests/interop/run.mjs [name …]      PARLEY=path/to/parley (default: build/parley)
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const names = process.argv.slice(2);
/** All of it takes about half a minute on an idle machine. */
const MINUTES = 3;

/** In the new namespaces /run is a fresh directory in memory: for `ip netns`, and for all temporary files. */
const enter =
  'mount -t tmpfs -o mode=755 interop /run && mkdir -m 1777 /run/tmp && ip link set lo up && exec "$@"';
const flags = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];
const environment = { ...process.env, INTEROP_INSIDE: '1', TMPDIR: '/run/tmp' };

/** Why the namespaces are not to be had here, or ''. */
function obstacle() {
  const tried = spawnSync('unshare', [...flags, 'sh', '-c', enter, 'sh', 'ip', 'netns', 'add', 'trial'], {
    encoding: 'utf8',
  });
  if (tried.error) return `unshare: ${tried.error.message}`;
  return tried.status === 0 ? '' : tried.stderr.trim().split('\n').at(-1) || `status ${tried.status}`;
}

const reason = obstacle();
if (reason) {
  console.log(
    `TAP version 13\nok 1 - interoperation # SKIP network namespaces are not to be had: ${reason}\n1..1`,
  );
  process.exit(0);
}
const files = readdirSync(here)
  .filter((f) => f.endsWith('.test.mjs') && (names.length === 0 || names.some((n) => f.startsWith(n))))
  .sort()
  .map((f) => join(here, f));
const child = spawn(
  'unshare',
  [...flags, 'sh', '-c', enter, 'sh', process.execPath, '--test-reporter=tap', '--test', ...files],
  { stdio: 'inherit', env: environment },
);
setTimeout(() => {
  console.log(`Bail out! The tests took longer than ${MINUTES} minutes`);
  child.kill('SIGKILL');
}, MINUTES * 60_000).unref();
// The first process in there dies with `unshare`, and everything in there with the first process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    child.kill('SIGKILL');
    process.exitCode = 130;
  });
}
child.on('exit', (code) => {
  process.exitCode ||= code ?? 1;
});
