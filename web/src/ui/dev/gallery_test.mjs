/** The interface by keyboard and pointer, in Chromium, on the gallery: `node --test web/src/ui/dev/gallery_test.mjs`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';
import { chromiumOptions, serveGallery } from './serve.mjs';

let gallery;
let browser;
let page;
let faults;

const id = (name) => `[data-testid="${name}"]`;
const show = async (screen) => {
  await page.goto(`${gallery.origin}/?screen=${screen}`);
  await page.waitForSelector('h1', { state: 'attached' });
};
const focused = () =>
  page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
const gone = (selector) => page.waitForSelector(selector, { state: 'detached' });
const pressed = (kind) => page.getAttribute(id(`toggle-${kind}`), 'aria-pressed');

before(async () => {
  gallery = await serveGallery();
  browser = await chromium.launch(chromiumOptions());
});

after(async () => {
  await browser?.close();
  gallery?.stop();
});

beforeEach(async () => {
  faults = [];
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page.on('pageerror', (e) => faults.push(e.message));
  page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(faults, []);
});

test('a peer is seen without sound until a click, and the first frame is told once', async () => {
  await show('call');
  await page.waitForSelector(id('hear'));
  const state = () => page.$eval(id('remote-video'), (v) => ({ muted: v.muted, paused: v.paused }));
  assert.deepEqual(await state(), { muted: true, paused: false });
  await page.waitForFunction(() => document.documentElement.dataset.framesShown !== undefined);
  await page.click(id('hear'));
  await gone(id('hear'));
  assert.deepEqual(await state(), { muted: false, paused: false });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.framesShown), 'p0 ');
});

test('the door by keyboard: one key leads there, and the focus comes back', async () => {
  await show('call-knock');
  await page.focus(id('leave'));
  await page.keyboard.press('k');
  assert.equal(await focused(), 'knock-admit');
  await page.keyboard.press('Enter');
  await gone(id('knock'));
  assert.equal(await focused(), 'leave');
});

for (const [width, height] of [
  [320, 568],
  [390, 700],
  [568, 320],
]) {
  test(`at ${width}×${height} eight at the door leave the controls free`, async () => {
    await page.setViewportSize({ width, height });
    await show('call-knocks');
    const reachable = () => page.click(id('leave'), { trial: true, timeout: 5_000 });
    await reachable();
    assert.equal(await page.locator(id('knock')).count(), 1);
    assert.match(await page.textContent(id('knock-more')), /7 more/);
    await page.click(id('knock-more'));
    assert.equal(await page.locator(id('knock')).count(), 8);
    await reachable();
    await page.click(`${id('knock')}[data-participant="k7"] ${id('knock-admit')}`);
    assert.equal(await page.locator(id('knock')).count(), 7);
    await page.keyboard.press('?');
    await page.waitForSelector('dialog .knock-panel');
    await page.click('dialog .icon-button', { trial: true, timeout: 5_000 });
    await page.keyboard.press('Escape');
    await gone('dialog');
    await page.click(id('leave'));
    await page.waitForSelector(id('ended'));
  });
}

test('a name at the door is two lines at most, whatever is in it', async () => {
  for (const screen of ['call-knock-wide', 'call-knock-stack']) {
    await page.setViewportSize({ width: 320, height: 568 });
    await show(screen);
    const name = await page.$eval(`${id('knock')} bdi`, (el) => {
      const { height, right } = el.getBoundingClientRect();
      const { overflowX, overflowY, lineHeight } = getComputedStyle(el);
      return { height, right, overflow: [overflowX, overflowY], line: Number.parseFloat(lineHeight) };
    });
    assert.ok(name.height <= 2 * name.line + 1, `${screen}: ${name.height} high`);
    assert.ok(name.right <= 320, `${screen}: as far as ${name.right}`);
    assert.deepEqual(name.overflow, ['clip', 'clip']);
    assert.equal(await page.$eval('.avatar-small', (el) => getComputedStyle(el).overflowY), 'clip');
    await page.click(id('leave'), { trial: true, timeout: 5_000 });
  }
});

test('single keys switch devices, unless they are switched off', async () => {
  await show('call');
  await page.keyboard.press('m');
  assert.equal(await pressed('audio'), 'false');
  await page.keyboard.press('v');
  assert.equal(await pressed('video'), 'false');
  await page.keyboard.press('?');
  await page.click(`${id('shortcuts')} input`);
  await page.keyboard.press('Escape');
  await gone('dialog');
  await page.keyboard.press('m');
  assert.equal(await pressed('audio'), 'false');
});

test('a dialog gives the focus back, and shows notices above itself', async () => {
  await show('call');
  await page.click(id('people-open'));
  await page.click(id('knock-toggle'));
  assert.equal(await page.getAttribute(id('knock-toggle'), 'aria-checked'), 'false');
  await page.click(id('people-copy'));
  await page.waitForSelector('dialog .notice');
  await page.keyboard.press('Escape');
  await gone('dialog');
  assert.equal(await focused(), 'people-open');
});

test('the focus is back by the time a dialog is gone, not a frame later', async () => {
  await show('call');
  await page.click(id('people-open'));
  await page.waitForSelector(id('dialog-close'));
  const then = await page.evaluate(
    () =>
      new Promise((resolve) => {
        new MutationObserver(() => {
          if (!document.querySelector('dialog')) resolve(document.activeElement.dataset.testid);
        }).observe(document.body, { childList: true, subtree: true });
        document.querySelector('[data-testid="dialog-close"]').click();
      }),
  );
  assert.equal(then, 'people-open');
});

test('one dialog takes the place of another', async () => {
  await show('call');
  await page.click(id('people-open'));
  await page.keyboard.press('?');
  await page.waitForSelector(id('shortcuts'));
  // The first one's "close" event comes late; it must not take the second along.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 0)));
  assert.equal(await page.locator('dialog[open]').count(), 1);
  await page.mouse.click(5, 5);
  await gone('dialog');
});

test('the own picture moves by pointer and by keys', async () => {
  await show('call');
  const box = () => page.locator('.self').boundingBox();
  const from = await box();
  await page.mouse.move(from.x + 60, from.y + 60);
  await page.mouse.down();
  await page.mouse.move(300, 200, { steps: 6 });
  await page.mouse.up();
  const dragged = await box();
  assert.ok(dragged.x < 100 && dragged.y < 100, JSON.stringify(dragged));
  await page.focus('.self-move');
  await page.keyboard.press('ArrowRight');
  const right = await box();
  assert.ok(right.x > 900 && right.y < 100, JSON.stringify(right));
  await page.keyboard.press('Enter');
  assert.ok((await box()).y > 300);
});

test('a change of page moves the focus to its heading and renames the window', async () => {
  await show('call');
  await page.click(id('leave'));
  await page.waitForSelector(id('ended'));
  await page.waitForFunction(() => document.activeElement.tagName === 'H1');
  assert.match(await page.title(), /^You have left/);
});

test('the name is typed as it is, letters of shortcuts too, and Enter joins', async () => {
  await show('prejoin');
  await page.fill(id('prejoin-name'), 'Zoë ');
  await page.focus(id('prejoin-name'));
  await page.keyboard.press('m');
  assert.equal(await page.inputValue(id('prejoin-name')), 'Zoë m');
  assert.equal(await pressed('audio'), 'true');
  await page.waitForFunction(() => document.querySelector('[data-testid="prejoin-level"] meter').value > 0);
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('waiting'));
});
