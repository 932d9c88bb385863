/**
 * Runs the NAT lab and prints TAP. Everything happens in network, mount and process namespaces of its own: when this
 * ends, however it ends, the kernel takes namespaces, routes, rules, files and every process in them away.
 * Needs root, or a machine that allows unprivileged user namespaces; elsewhere it says so and skips.
 *
 *   node tests/natlab/run.mjs selfcheck           does each network behave as its name says?
 *   node tests/natlab/run.mjs handful             a call in some pairs of networks, as in script/test
 *   node tests/natlab/run.mjs all [table.md]      in all of them, and the table
 *   node tests/natlab/run.mjs eim-ipv6 …          in these
 *                                                 PARLEY=path/to/parley (default: build/parley)
 */
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [what = 'handful', ...rest] = process.argv.slice(2);

/** In the new namespaces /run is a fresh directory in memory: for `ip netns`, and for all temporary files. */
const enter = 'mount -t tmpfs -o mode=755 natlab /run && mkdir -m 1777 /run/tmp && exec "$@"';
const flags = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];
const environment = { ...process.env, NATLAB_INSIDE: '1', TMPDIR: '/run/tmp' };

/** Why the lab cannot be built here, or ''. */
function obstacle() {
  const trial = 'ip netns add trial && ip netns exec trial nft list ruleset';
  const tried = spawnSync('unshare', [...flags, 'sh', '-c', enter, 'sh', 'sh', '-c', trial], {
    encoding: 'utf8',
  });
  if (tried.error) return `unshare: ${tried.error.message}`;
  return tried.status === 0 ? '' : tried.stderr.trim().split('\n').at(-1) || `status ${tried.status}`;
}

const reason = obstacle();
if (reason) {
  console.log(`TAP version 13\nok 1 - NAT lab # SKIP network namespaces are not to be had: ${reason}\n1..1`);
  process.exit(what === 'all' ? 1 : 0);
}
const script =
  what === 'selfcheck'
    ? ['--test-reporter=tap', '--test', join(here, 'selfcheck.test.mjs')]
    : [join(here, 'calls.mjs'), what, ...rest];
const child = spawn('unshare', [...flags, 'sh', '-c', enter, 'sh', process.execPath, ...script], {
  stdio: 'inherit',
  env: environment,
});
const MINUTES = what === 'all' ? 40 : 10;
setTimeout(() => {
  console.log(`Bail out! The NAT lab took longer than ${MINUTES} minutes`);
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
