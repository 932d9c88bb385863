/** A signalling WebSocket as a program would have it: says messages, waits for what comes. */
import WebSocket from 'ws';

export class Signalling {
  #ws;
  #inbox = [];
  #waiting = [];
  #id = 0;
  /** Resolves to the close code. */
  closed;

  static async open(url, cookie) {
    const s = new Signalling();
    const headers = { Origin: url, ...(cookie && { Cookie: cookie }) };
    s.#ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'parley.v1', { headers });
    s.closed = new Promise((done) => s.#ws.once('close', (code) => done(code)));
    s.#ws.on('message', (data) => s.#take(JSON.parse(String(data))));
    await new Promise((resolve, reject) => {
      s.#ws.once('open', resolve);
      s.#ws.once('error', reject);
    });
    await s.ask('hello', { client: 'test' });
    return s;
  }

  #take(message) {
    this.#inbox.push(message);
    for (const look of this.#waiting.splice(0)) look();
  }

  /** The first message, of those not taken yet, that @p fits; it is taken. */
  async next(fits, what, ms = 10_000) {
    const end = Date.now() + ms;
    for (;;) {
      const i = this.#inbox.findIndex(fits);
      if (i >= 0) return this.#inbox.splice(i, 1)[0];
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no ${what}; there are ${JSON.stringify(this.#inbox)}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  of(type) {
    return this.next((m) => m.type === type, type);
  }

  /** Say it, and wait for its answer. */
  async ask(type, body = {}) {
    const id = ++this.#id;
    this.#ws.send(JSON.stringify({ type, id, ...body }));
    return this.next((m) => m.re === id || (type === 'hello' && m.type === 'welcome'), `answer to ${type}`);
  }

  join(room, name, more = {}) {
    return this.ask('join', { room, name, media: { audio: true, video: true }, ...more });
  }

  close() {
    this.#ws.close();
  }
}
