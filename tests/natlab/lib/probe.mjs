/** Sockets in a namespace, for a test outside it: one agent process per namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { wrap } from './lab.mjs';

const agent = fileURLToPath(new URL('agent.mjs', import.meta.url));
const DEADLINE_MS = 10_000;
const AGAIN_MS = 200;

/** Resolves once `condition` gives something true; asked again and again, for it is about another process. */
export async function eventually(condition, what) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((r) => setTimeout(r, AGAIN_MS / 10));
  }
}

export class Probe {
  #child;
  #calls = new Map();
  #next = 1;
  /** Every datagram that came: {socket, text, address, port}. */
  heard = [];

  constructor(namespace) {
    const [ip, ...args] = wrap(namespace);
    this.#child = spawn(ip, [...args, process.execPath, agent], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (m) => this.#receive(m));
  }

  #receive({ heard, id, value, error }) {
    if (heard) {
      this.heard.push(heard);
      return;
    }
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) reject(new Error(error));
    else resolve(value);
  }

  #do(op, args) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, op, ...args });
    });
  }

  /** A UDP socket. @returns {Promise<{socket: number, port: number}>} */
  async bind(address, port = 0, answers = false) {
    const socket = this.#next++;
    return { socket, port: await this.#do('bind', { socket, address, port, answers }) };
  }

  send({ socket }, address, port, text = 'probe') {
    return this.#do('send', { socket, address, port, text });
  }

  heardBy({ socket }) {
    return this.heard.filter((h) => h.socket === socket);
  }

  /** Ask an answering socket from where it hears us; asks again, for UDP may lose one. */
  async ask(from, address, port) {
    let at = 0;
    const heard = await eventually(async () => {
      if (Date.now() > at + AGAIN_MS) {
        at = Date.now();
        await this.send(from, address, port);
      }
      return this.heardBy(from).find((h) => h.address === address && h.port === port);
    }, `${address} port ${port} to answer`);
    return JSON.parse(heard.text);
  }

  serve(address, port) {
    return this.#do('serve', { address, port });
  }

  /** Connect over TCP. @returns {Promise<{address: string, port: number}>} where the server saw us */
  dial(address, port) {
    return this.#do('dial', { socket: this.#next++, address, port });
  }

  /** A connection that is tried while `until` is awaited, then given up. @returns whether it was made after all */
  async dialInVain(address, port, until) {
    const socket = this.#next++;
    let made = false;
    const attempt = this.#do('dial', { socket, address, port }).then(
      () => {
        made = true;
      },
      () => {}, // refused or unreachable: not made
    );
    await until();
    await this.#do('forget', { socket });
    void attempt;
    return made;
  }

  async stop() {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
