/** Pictures for the documentation: node tests/e2e/screenshots.mjs DIR */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchChromium } from './lib/browsers.mjs';
import { enter, framesRise } from './lib/call.mjs';
import { writePortrait } from './lib/portrait.mjs';
import { ParleyServer } from './lib/server.mjs';

const sizes = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

const dir = process.argv[2] ?? 'docs/img';
const work = mkdtempSync(join(tmpdir(), 'parley-portraits-'));
mkdirSync(dir, { recursive: true });
const server = await new ParleyServer().start();
const browsers = [];
try {
  for (const who of [0, 1]) browsers.push(await withCamera(who));
  for (const [size, options] of Object.entries(sizes)) await takeAll(size, options);
} finally {
  await Promise.all(browsers.map((b) => b.close()));
  await server.stop();
  rmSync(work, { recursive: true });
}

/** A browser whose camera shows one of the two people. */
async function withCamera(who) {
  const file = join(work, `${who}.y4m`);
  const painter = await launchChromium();
  await writePortrait(await painter.page(), who, file);
  await painter.close();
  return launchChromium([`--use-file-for-fake-video-capture=${file}`]);
}

async function takeAll(size, options) {
  const take = (page, name) => page.screenshot(join(dir, `${name}-${size}.png`));
  const host = await browsers[0].page(options);
  const guest = await browsers[1].page({ ...options, colorScheme: 'dark' });
  await host.goto(server.url);
  await host.shown('home-start');
  await take(host, 'home');
  await host.click('home-start');
  await host.fill('prejoin-name', 'Ada');
  await host.until(() => document.querySelector('[data-testid="prejoin-preview"]')?.videoWidth > 0);
  await take(host, 'prejoin');
  await host.click('prejoin-join');
  await host.shown('alone');
  await enter(guest, host.native.url(), 'Bob');
  await guest.shown('waiting');
  await take(guest, 'waiting');
  await host.shown('knock');
  await take(host, 'knock');
  await host.click('knock-admit');
  await framesRise(host);
  await host.until(() => document.querySelectorAll('[data-testid="notices"] *').length === 0);
  await take(host, 'call');
  await host.close();
  await guest.close();
}
