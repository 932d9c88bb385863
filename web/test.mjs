/**
 * Runs the front end's unit tests: bundles each web/src/**\/*.test.ts with esbuild and hands them to Node's own test
 * runner, TAP on stdout. Arguments: parts of file names, to run only those.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const src = fileURLToPath(new URL('src', import.meta.url));

function testFiles(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) return testFiles(full);
    return /\.test\.tsx?$/.test(entry.name) ? [full] : [];
  });
}

const wanted = process.argv.slice(2);
const files = testFiles(src)
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no tests match ${wanted.join(' ')}`);
  process.exit(2);
}

const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-web-test-'));
let status = 1;
try {
  await esbuild.build({
    entryPoints: files,
    outbase: src,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    sourcemap: 'inline',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  const built = files.map((file) => path.join(outdir, path.relative(src, file).replace(/\.tsx?$/, '.mjs')));
  // Node before 18.15 knows no reporters, and speaks TAP.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const reporter = major > 18 || minor >= 15 ? ['--test-reporter=tap'] : [];
  const args = ['--enable-source-maps', '--test', ...reporter, ...built];
  status = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} finally {
  fs.rmSync(outdir, { recursive: true, force: true });
}
process.exitCode = status;
