/**
 * A PostgreSQL of a test's own, from Debian's package: in a temporary directory, on a Unix socket there, as somebody who
 * is not root (it refuses to be), and gone with the test, whatever way that ends.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../api/lib/client.mjs';

const VERSIONS = '/usr/lib/postgresql';

function programs() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(a) - Number(b)) : [];
  const dirs = versions.map((v) => join(VERSIONS, v, 'bin')).filter((d) => existsSync(join(d, 'initdb')));
  return dirs[dirs.length - 1];
}

export const havePostgres = () => programs() !== undefined;

/** Words before a command that make it somebody else's, where we are root; and it ends when we do. */
function asServer() {
  const end = ['--pdeathsig', 'QUIT'];
  if (process.getuid() !== 0) return { words: ['setpriv', ...end] };
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres', 'nobody'].map((n) => lines.find((l) => l.startsWith(`${n}:`))).find(Boolean);
  const [uid, gid] = line.split(':').slice(2, 4);
  const ids = ['--reuid', uid, '--regid', gid, '--clear-groups'];
  return { words: ['setpriv', ...ids, ...end], uid: Number(uid), gid: Number(gid) };
}

export class Postgres {
  #dir = mkdtempSync(join(tmpdir(), 'parley-pg-'));
  #as = asServer();
  #child;
  #log = '';

  get url() {
    return `postgresql:///postgres?host=${this.#dir}&user=parley`;
  }

  /** Also again after halt(), with what was in it. */
  async start() {
    const data = join(this.#dir, 'data');
    if (!existsSync(data)) this.#init(data);
    this.#log = '';
    const [command, ...words] = [...this.#as.words, join(programs(), 'postgres')];
    const args = ['-D', data, '-k', this.#dir, '-h', '', '-c', 'shared_buffers=16MB'];
    this.#child = spawn(command, [...words, ...args], {
      cwd: this.#dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr.on('data', (d) => {
      this.#log += d;
    });
    await until(() => {
      if (this.#child.exitCode !== null) throw new Error(`postgres ended\n${this.#log}`);
      return /ready to accept connections/.test(this.#log);
    }, 'PostgreSQL');
    return this;
  }

  #init(data) {
    if (this.#as.uid !== undefined) chownSync(this.#dir, this.#as.uid, this.#as.gid);
    const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en'];
    this.#run('initdb', ['-N', '-D', data, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', ...locale]);
  }

  #run(program, args) {
    const [command, ...words] = [...this.#as.words, join(programs(), program)];
    execFileSync(command, [...words, ...args], { cwd: this.#dir, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Gone at once, as by a crash; what is in it stays. */
  async halt() {
    if (this.#child && this.#child.exitCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGQUIT');
      await gone;
    }
  }

  async stop() {
    await this.halt();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
