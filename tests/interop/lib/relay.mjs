/** `parley relay` in the lab, with TLS, a user of a fixed password and a secret. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { at, certificates, finish } from './lab.mjs';

const binary = resolve(process.env.PARLEY ?? 'build/parley');

const METRICS_PORT = 9464;
export const USER = 'ada';
export const PASSWORD = 'interoperation';
export const SECRET = 'a secret that coturn and Parley share';

export class Relay {
  log = '';
  tls = certificates();

  /** @param {string[]} wrap words before the command */
  async start(sets = {}, wrap = []) {
    const options = {
      'server.data_dir': mkdtempSync(join(tmpdir(), 'interop-data-')),
      'turn.listen': '*',
      'turn.user': `${USER}:${PASSWORD}`,
      'turn.secret': SECRET,
      'turn.workers': 2,
      'tls.cert': this.tls.cert,
      'tls.key': this.tls.key,
      'metrics.port': METRICS_PORT,
      ...sets,
    };
    const words = Object.entries(options).flatMap(([k, v]) => ['--set', `${k}=${v}`]);
    const [command, ...rest] = [...at('relay'), ...wrap, binary, 'relay', ...words];
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise((resolve, reject) => {
      this.child.on('exit', (code, signal) => reject(new Error(`ended: ${code ?? signal}\n${this.log}`)));
      this.child.stderr.on('data', (data) => {
        this.log += data;
      });
      this.child.stdout.on('data', (data) => {
        if (String(data).includes('relay is at')) resolve();
      });
    });
    this.child.removeAllListeners('exit');
    return this;
  }

  /** A counter of the relay's, over all its labels. */
  async metric(name) {
    const get = `fetch('http://127.0.0.1:${METRICS_PORT}/metrics').then((r) => r.text()).then(console.log)`;
    const { said } = await finish('relay', [process.execPath, '-e', get]);
    const lines = said.split('\n').filter((l) => l.startsWith(`${name} `) || l.startsWith(`${name}{`));
    if (lines.length === 0) throw new Error(`${name} is not in /metrics:\n${said}`);
    return lines.reduce((sum, l) => sum + Number(l.split(' ').at(-1)), 0);
  }

  /** Stop gracefully. Throws where it did not end with 0, as after a sanitizer's report. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await gone;
    }
    if (this.child.exitCode !== 0)
      throw new Error(`parley ended with ${this.child.exitCode ?? this.child.signalCode}\n${this.log}`);
  }
}
