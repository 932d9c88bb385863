/** A real mail server on loopback (Debian's aiosmtpd) that wants STARTTLS and a password. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from './certificates.mjs';

const script = fileURLToPath(new URL('smtp_server.py', import.meta.url));
const [user, password] = ['parley', 'for the mail'];

export class MailServer {
  /** Has the letters in outbox/, as a server without SMTP would. */
  dataDir = mkdtempSync(join(tmpdir(), 'parley-smtp-'));
  #child;
  #port;
  #ca;

  async start() {
    const { ca, cert, key } = makeCertificates(this.dataDir, 'localhost');
    this.#ca = ca;
    this.#child = spawn('/usr/bin/python3', [script, this.dataDir, cert, key, user, password], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(this.#child, 'exit').then(() => {
      throw new Error('the mail server does not start');
    });
    const [line] = await Promise.race([once(this.#child.stdout, 'data'), ended]);
    ended.catch(() => {}); // its end is no surprise from now on
    this.#port = Number(line);
    return this;
  }

  /** Options of a Parley that is to use it. */
  get sets() {
    return {
      'mail.smtp_url': `smtp://localhost:${this.#port}`,
      'mail.from': 'Parley <calls@example.org>',
      'mail.user': user,
      'mail.password': password,
      'mail.ca_file': this.#ca,
    };
  }

  async stop() {
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    await gone;
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
