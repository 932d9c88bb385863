/** One server and one Chromium for all tests of a file, and pages that are closed with the test that asked for them. */
import { after, before } from 'node:test';
import { launchChromium } from './browsers.mjs';
import { startCall } from './call.mjs';
import { ParleyServer } from './server.mjs';

class Fixture {
  async pages(t, n, options) {
    const list = await Promise.all(Array.from({ length: n }, () => this.browser.page(options)));
    t.after(() => Promise.all(list.map((p) => p.close())));
    return list;
  }

  /** Host and guest, with media flowing both ways. */
  async call(t) {
    const [host, guest] = await this.pages(t, 2);
    const room = await this.server.createRoom();
    await startCall(host, guest, room);
    return { host, guest, room };
  }
}

/** @param {Record<string, string | number>} sets options of the server */
export function serverAndChromium(sets) {
  const fixture = new Fixture();
  before(async () => {
    fixture.server = await new ParleyServer(sets).start();
    fixture.browser = await launchChromium();
  });
  after(async () => {
    await fixture.browser?.close();
    await fixture.server?.stop();
  });
  return fixture;
}
