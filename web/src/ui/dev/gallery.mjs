/**
 * Builds the gallery, serves it on a free port under the same Content-Security-Policy as the real page, and takes
 * pictures of its screens:
 *
 *   node web/src/ui/dev/gallery.mjs --out DIR [--only NAME,NAME] [--sizes 1280x800,375x812]
 *   node web/src/ui/dev/gallery.mjs --serve
 *
 * It also measures, and fails: where a page is wider than its window, a control is smaller than 44 pixels or lies
 * outside of it, the policy is broken, or the page throws.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumOptions, serveGallery } from './serve.mjs';

const DIALOGS = [
  'call-group&dialog=people',
  'call-room&dialog=people',
  'call-owner-away&dialog=people',
  'call-member&dialog=people',
  'call&dialog=settings',
  'call&dialog=shortcuts',
  'call-signal&dialog=settings',
];
const MIN_TOUCH = 44;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    only: { type: 'string' },
    sizes: { type: 'string', default: '1280x800,375x812,320x568,740x340' },
    serve: { type: 'boolean', default: false },
  },
});

const { origin, stop } = await serveGallery();

/** Runs in the page: what is too small, too wide or out of sight. */
function measure(minTouch) {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    faults.push(`page is ${document.documentElement.scrollWidth} wide`);
  const open = document.querySelector('dialog[open]');
  for (const el of (open ?? document).querySelectorAll('button, select, input')) {
    const box = (el.closest('label.switch') ?? el).getBoundingClientRect();
    if (box.width === 0) continue;
    const name = el.dataset.testid ?? el.getAttribute('aria-label') ?? el.textContent;
    const label = `${Math.round(box.width)}x${Math.round(box.height)}`;
    if (box.width < minTouch - 0.5 || box.height < minTouch - 0.5) faults.push(`${name} is only ${label}`);
    if (box.left < -0.5 || box.right > width + 0.5) faults.push(`${name} sticks out`);
    const fixed = document.querySelector('.call') && !open;
    if (fixed && box.bottom > innerHeight + 0.5) faults.push(`${name} is below the window`);
  }
  return faults;
}

const settled = (page) =>
  page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running'), null, {
    timeout: 10_000,
  });

/** Runs in the page. */
function moving() {
  const running = document.getAnimations().filter((a) => a.playState === 'running');
  return running
    .map((a) => `${a.effect.target.className}/${a.animationName ?? a.transitionProperty}`)
    .join(', ');
}

async function takeOne(browser, name, size, scheme) {
  const [width, height] = size.split('x').map(Number);
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const faults = [];
  page.on('pageerror', (e) => faults.push(`threw ${e.message}`));
  page.on('console', (m) => (m.type() === 'error' || m.type() === 'warning') && faults.push(m.text()));
  await page.goto(`${origin}/?screen=${name}`);
  await page.waitForFunction(() => document.querySelector('#app')?.childElementCount > 0);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('video')].every((v) => v.hidden || !v.srcObject || v.videoWidth > 0),
  );
  await settled(page).catch(async () => faults.push(`still moving: ${await page.evaluate(moving)}`));
  faults.push(...(await page.evaluate(measure, MIN_TOUCH)));
  const file = `${name.replace('&dialog=', '-')}.${size}.${scheme}.png`;
  await page.screenshot({
    path: path.join(values.out, file),
    fullPage: !(await page.locator('.call').count()),
  });
  await page.close();
  for (const fault of faults) console.error(`${file}: ${fault}`);
  return faults.length;
}

async function takeAll() {
  mkdirSync(values.out, { recursive: true });
  const browser = await chromium.launch(chromiumOptions('--autoplay-policy=no-user-gesture-required'));
  const first = await browser.newPage();
  await first.goto(origin);
  const names = values.only?.split(',') ?? [
    ...(await first.locator('.gallery a').allTextContents()),
    ...DIALOGS,
  ];
  await first.close();
  let faults = 0;
  for (const name of names) {
    for (const size of values.sizes.split(',')) {
      for (const scheme of /^(call|alone)/.test(name) ? ['dark'] : ['dark', 'light']) {
        faults += await takeOne(browser, name, size, scheme);
      }
    }
  }
  await browser.close();
  console.log(`${names.length} screens, ${faults} faults`);
  if (faults > 0) process.exitCode = 1;
}

if (values.serve) {
  console.log(`${origin}/`);
} else if (values.out) {
  try {
    await takeAll();
  } finally {
    stop();
  }
} else {
  console.error('usage: gallery.mjs --out DIR | --serve');
  process.exitCode = 2;
  stop();
}
