/**
 * Runs the end-to-end tests and prints TAP. As root (or where unprivileged user namespaces are allowed) all of it,
 * server and browsers, happens in a network namespace of its own that has no way out.
 *
 *   node tests/e2e/run.mjs [name …]      PARLEY=path/to/parley (default: build/parley)
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** No file takes a third of this; one that hangs is a failure, not the end of the run. */
const FILE_MS = 600_000;
const inside = process.env.E2E_IN_NAMESPACE === '1';

/** Two ends of one cable inside the namespace: an ordinary address for ICE to find beside loopback. */
const network = `
  ip link set lo up &&
  ip link add v0 type veth peer name v1 &&
  ip address add 198.51.100.10/24 dev v0 &&
  ip link set v0 up && ip link set v1 up &&
  ip route add default via 198.51.100.1 dev v0 &&
  exec "$@"`;

function canUnshare(flags) {
  return spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' }).status === 0;
}

function namespaceFlags() {
  const flags = process.getuid?.() === 0 ? ['-n'] : ['-Urn'];
  return canUnshare(flags) ? flags : undefined;
}

function testFiles(names) {
  return readdirSync(here)
    .filter((f) => f.endsWith('.test.mjs') && (names.length === 0 || names.some((n) => f.startsWith(n))))
    .sort()
    .map((f) => join(here, f));
}

function run(command, args, env) {
  const result = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  process.exit(result.status ?? 1);
}

const names = process.argv.slice(2);
const flags = inside ? undefined : namespaceFlags();
if (flags) {
  const self = [process.execPath, fileURLToPath(import.meta.url), ...names];
  run('unshare', [...flags, 'sh', '-c', network, 'sh', ...self], { E2E_IN_NAMESPACE: '1' });
}
// One file at a time: two cores are few for two browsers and their video.
for (const file of testFiles(names)) {
  const result = spawnSync(process.execPath, ['--test-reporter=tap', '--test', file], {
    encoding: 'utf8',
    timeout: FILE_MS,
  });
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  if (result.status !== 0) process.exitCode = 1;
}
