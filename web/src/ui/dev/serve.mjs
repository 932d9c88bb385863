/** Builds the gallery and serves it on a free loopback port, under the policy of the real page. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "media-src 'self' blob: mediastream:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const buildScript = fileURLToPath(new URL('../../../build.mjs', import.meta.url));

export function chromiumOptions(...more) {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet, ...more],
  };
}

/** Gives {origin, stop}. */
export async function serveGallery() {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'parley-gallery-'));
  const built = spawnSync(process.execPath, [buildScript, '--gallery', '--outdir', dir], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the gallery does not build: ${built.stderr}`);
  const listed = JSON.parse(readFileSync(path.join(dir, 'files.json'), 'utf8'));
  const files = new Map(listed.map((f) => [f.path, { ...f, bytes: readFileSync(path.join(dir, f.path)) }]));
  rmSync(dir, { recursive: true });
  const server = http.createServer((req, res) => {
    const { pathname } = new URL(req.url, 'http://localhost');
    const file = files.get(pathname === '/' ? '/index.html' : pathname);
    if (!file) {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, { 'content-type': file.type, 'content-security-policy': CSP }).end(file.bytes);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://localhost:${server.address().port}`, stop };
}
