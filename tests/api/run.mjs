/**
 * Runs the tests of the HTTP API, each file with a server of its own on loopback, and prints TAP.
 *
 *   node tests/api/run.mjs [name …]      PARLEY=path/to/parley (default: build/parley)
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const names = process.argv.slice(2);
const files = readdirSync(here)
  .filter((f) => f.endsWith('.test.mjs') && (names.length === 0 || names.some((n) => f.startsWith(n))))
  .sort()
  .map((f) => join(here, f));
if (files.length === 0) {
  console.error(`no test file begins with ${names.join(' or ')}`);
  process.exit(2);
}
const words = ['--test', '--test-reporter=tap', '--test-concurrency=1', ...files];
process.exit(spawnSync(process.execPath, words, { stdio: 'inherit' }).status ?? 1);
