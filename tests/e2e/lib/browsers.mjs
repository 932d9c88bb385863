/**
 * Debian's Chromium through Playwright and Debian's Firefox ESR through Puppeteer (WebDriver BiDi), behind one small
 * page interface, so that a test does not care which browser is on which side.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { trustInProfile } from './certificates.mjs';
import { instrument } from './instrument.mjs';

const STEP_MS = 30_000;

const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter',
];

const firefoxPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Else it does not gather for what is on loopback, as the relay of these tests is.
  'media.peerconnection.ice.loopback': true,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
};

const byId = (id) => `[data-testid="${id}"]`;

/** One page of either browser. */
class Page {
  constructor(native, kind) {
    this.native = native;
    this.kind = kind;
    this.problems = [];
    native.on('pageerror', (e) => this.problems.push(String(e?.message ?? e)));
    native.on('console', (m) => m.type() === 'error' && this.problems.push(m.text()));
  }

  goto(url) {
    return this.native.goto(url, { waitUntil: 'load', timeout: STEP_MS });
  }

  reload() {
    return this.native.reload({ waitUntil: 'load', timeout: STEP_MS });
  }

  evaluate(fn, arg) {
    return this.native.evaluate(fn, arg);
  }

  /** Wait until `fn(arg)` in the page is truthy. */
  async until(fn, arg, what = fn.toString()) {
    const deadline = Date.now() + STEP_MS;
    for (;;) {
      const value = await this.native.evaluate(fn, arg);
      if (value) return value;
      if (Date.now() > deadline)
        throw new Error(`${this.kind}: waited in vain for: ${what}\n${await this.describe()}`);
      await this.native.evaluate(() => new Promise((r) => setTimeout(r, 50)));
    }
  }

  /** Wait until an element with this test id is shown (or, with `text`, shows that text). */
  shown(id, text) {
    return this.until(
      ([selector, wanted]) =>
        [...document.querySelectorAll(selector)].some(
          (e) => e.checkVisibility() && (wanted === null || (e.textContent ?? '').includes(wanted)),
        ),
      [byId(id), text ?? null],
      `${id} shown${text ? ` with "${text}"` : ''}`,
    );
  }

  gone(id) {
    return this.until(
      (selector) => ![...document.querySelectorAll(selector)].some((e) => e.checkVisibility()),
      byId(id),
      `${id} gone`,
    );
  }

  /** Nothing lies over the element's middle. Playwright waits for that by itself. */
  uncovered(id) {
    return this.until(
      (selector) => {
        const element = document.querySelector(selector);
        element.scrollIntoView({ block: 'nearest' });
        const box = element.getBoundingClientRect();
        return element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
      },
      byId(id),
      `${id} not covered`,
    );
  }

  async click(id) {
    await this.shown(id);
    if (this.kind === 'firefox') await this.uncovered(id);
    await this.native.click(byId(id));
  }

  async fill(id, text) {
    await this.shown(id);
    if (this.kind === 'chromium') {
      await this.native.fill(byId(id), text);
      return;
    }
    await this.native.$eval(byId(id), (e) => e.select());
    await this.native.type(byId(id), text);
  }

  async describe() {
    const state = await this.native.evaluate(() => ({
      address: location.href,
      text: document.body?.textContent?.slice(0, 1500),
      pcs: window.__seen?.pcs.map((p) => `${p.connectionState}/${p.iceConnectionState}/${p.signalingState}`),
      sockets: window.__seen?.sockets.map((s) => s.readyState),
    }));
    return JSON.stringify({ ...state, problems: this.problems }, null, 1);
  }

  screenshot(path) {
    return this.native.screenshot({ path });
  }

  async close() {
    await this.native.close();
  }
}

class Chromium {
  static async launch(args = [], without = [], executablePath = '/usr/bin/chromium') {
    const browser = new Chromium();
    browser.native = await chromium.launch({
      executablePath,
      args: [...chromiumArgs.filter((a) => !without.includes(a)), ...args],
    });
    return browser;
  }

  /** A page with storage of its own. @param {object} options Playwright's context options */
  async page(options = {}) {
    const context = await this.native.newContext(options);
    await context.addInitScript(instrument);
    return new Page(await context.newPage(), 'chromium');
  }

  close() {
    return this.native.close();
  }
}

class Firefox {
  #profile = mkdtempSync(join(tmpdir(), 'firefox-'));

  static async launch(ca) {
    const browser = new Firefox();
    if (ca) trustInProfile(browser.#profile, ca);
    browser.native = await puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      userDataDir: browser.#profile,
      extraPrefsFirefox: firefoxPrefs,
      env: { ...process.env, HOME: process.env.TMPDIR ?? '/tmp' },
    });
    return browser;
  }

  async page() {
    const context = await this.native.createBrowserContext();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(instrument);
    return new Page(page, 'firefox');
  }

  async close() {
    await this.native.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * @param {string[]} [args] further flags
 * @param {string[]} [without] flags of ours to leave out
 * @param {string} [executablePath] Chromium, or a script that ends as one
 */
export const launchChromium = (...how) => Chromium.launch(...how);
/** @param {string} [ca] file of a certificate authority that it is to trust */
export const launchFirefox = (ca) => Firefox.launch(ca);
