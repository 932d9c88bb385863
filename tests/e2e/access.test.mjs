/** The page without a mouse, in names for screen readers, and from 320 pixels to wide. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from './lib/browsers.mjs';
import { enter } from './lib/call.mjs';
import { ParleyServer } from './lib/server.mjs';

let server;
let browser;
before(async () => {
  server = await new ParleyServer({ 'rooms.knock': 'off' }).start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function tabTo(page, id) {
  for (let i = 0; i < 40; i++) {
    await page.native.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.dataset.testid === wanted, id)) return;
  }
  assert.fail(`${id} is not reached with Tab`);
}

test('a call with the keyboard alone', async (t) => {
  const page = await browser.page();
  t.after(() => page.close());
  await page.goto(server.url);
  await page.shown('home-start');
  await tabTo(page, 'home-start');
  await page.native.keyboard.press('Enter');
  await page.shown('prejoin-name');
  await page.native.focus('[data-testid="prejoin-name"]');
  await page.native.keyboard.type('Ada');
  await page.native.keyboard.press('Enter');
  await page.shown('call');
  await page.native.keyboard.press('m');
  await page.until(() => document.querySelector('[data-testid="toggle-audio"]').ariaPressed === 'false');
  await page.native.keyboard.press('v');
  await page.until(() => document.querySelector('[data-testid="toggle-video"]').ariaPressed === 'false');
  await tabTo(page, 'leave');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none', 'focus is visible');
  await page.native.keyboard.press('Enter');
  await page.shown('ended');
});

/** Controls that a screen reader would announce without a name. Runs in the page. */
const unnamed = () =>
  [...document.querySelectorAll('button, input, select, a[href], [role="button"], video, dialog')]
    .filter((e) => e.checkVisibility() && !e.closest('[aria-hidden="true"]'))
    .filter((e) => {
      const labelled = e
        .getAttribute('aria-labelledby')
        ?.split(' ')
        .some((id) => document.getElementById(id)?.textContent);
      return !(
        e.getAttribute('aria-label') ||
        labelled ||
        e.labels?.length ||
        e.textContent?.trim() ||
        e.title
      );
    })
    .map((e) => e.outerHTML.slice(0, 120));

const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

for (const [width, height] of [
  [320, 568],
  [568, 320],
  [1280, 800],
  [2560, 1080],
]) {
  test(`at ${width}×${height}: nothing is cut off, everything has a name`, async (t) => {
    const page = await browser.page({ viewport: { width, height } });
    const guest = await browser.page({ viewport: { width, height } });
    t.after(() => Promise.all([page.close(), guest.close()]));
    const fits = async (where) => {
      assert.ok((await page.evaluate(overflow)) <= 0, `${where} scrolls sideways`);
      assert.deepEqual(await page.evaluate(unnamed), [], where);
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    };
    await page.goto(server.url);
    await page.shown('home-start');
    await fits('home');
    const { url } = await server.createRoom();
    await page.goto(url);
    await page.shown('prejoin-join');
    await fits('pre-join');
    await page.fill('prejoin-name', 'Ada');
    await page.click('prejoin-join');
    await page.shown('alone');
    await fits('alone');
    await enter(guest, url, 'Bob');
    await page.shown('peer-name', 'Bob');
    await fits('call');
    const leave = await page.evaluate(() => {
      const box = document.querySelector('[data-testid="leave"]').getBoundingClientRect();
      return (
        box.left >= 0 &&
        box.top >= 0 &&
        box.right <= innerWidth &&
        box.bottom <= innerHeight &&
        box.height >= 44
      );
    });
    assert.ok(leave, 'the leave button is in sight and large enough');
  });
}
