/** Starts and stops a real Parley for a test: free port, own data directory, log kept for when a test fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const binary = resolve(process.env.PARLEY ?? 'build/parley');

export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export class ParleyServer {
  #child;
  #sets;
  #wrap;
  #dir = mkdtempSync(join(tmpdir(), 'parley-e2e-'));
  log = '';
  /** What it has printed. */
  output = '';

  /**
   * @param {Record<string, string | number | string[]>} sets options as {'section.key': value}; several of a list
   * @param {string[]} wrap words before the command
   */
  constructor(sets = {}, wrap = []) {
    this.#sets = sets;
    this.#wrap = wrap;
  }

  get url() {
    return `http://localhost:${this.port}`;
  }

  /** The options that were given. */
  get sets() {
    return this.#sets;
  }

  get dataDir() {
    return this.#dir;
  }

  get pid() {
    return this.#child.pid;
  }

  async start() {
    this.port ??= await freePort();
    this.turnPort ??= await freePort();
    const options = {
      'server.http_port': this.port,
      'server.data_dir': this.#dir,
      'turn.port': this.turnPort,
      'turn.workers': 2,
      'metrics.port': 0,
      ...this.#sets,
    };
    const args = Object.entries(options).flatMap(([k, v]) =>
      [v].flat().flatMap((one) => ['--set', `${k}=${one}`]),
    );
    const [command, ...words] = [...this.#wrap, binary, 'serve', ...args];
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const ready = new Promise((resolve, reject) => {
      child.stdout.on('data', (d) => {
        this.output += d;
        if (this.output.includes('Parley is at')) resolve();
      });
      child.on('exit', (code, signal) => reject(new Error(`parley ended: ${code ?? signal}\n${this.log}`)));
    });
    child.stderr.on('data', (d) => {
      this.log += d;
    });
    await ready;
    return this;
  }

  /** Kill without warning, as a crash or the kernel would. */
  async kill() {
    this.#child.removeAllListeners('exit');
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Stop gracefully. Throws where the server did not end with 0, as after a sanitizer report. */
  async stop() {
    try {
      await this.end();
    } finally {
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  /** The same, for another start() with what it has written. */
  async end() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      child.removeAllListeners('exit');
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    if (child.exitCode !== 0 && child.signalCode !== 'SIGKILL') {
      throw new Error(`parley ended with ${child.exitCode ?? child.signalCode}\n${this.log}`);
    }
  }

  /** Make a room over the API. @returns {Promise<{id: string, url: string}>} */
  async createRoom(body = {}) {
    const reply = await fetch(`${this.url}/api/v1/rooms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (reply.status !== 201) throw new Error(`POST /api/v1/rooms: ${reply.status}`);
    return reply.json();
  }
}
