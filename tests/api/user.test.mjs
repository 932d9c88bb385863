/** `parley user`: accounts from the command line, with a service that runs and without. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { ParleyServer } from '../e2e/lib/server.mjs';
import { Client, password, roomy, signIn, until } from './lib/client.mjs';

const binary = resolve(process.env.PARLEY ?? 'build/parley');
const home = mkdtempSync(join(tmpdir(), 'parley-user-'));
after(() => rmSync(home, { recursive: true, force: true }));

/** @returns {Promise<{code: number, out: string, err: string}>} */
async function user(words, { input = '', dir = home } = {}) {
  const sets = { 'server.data_dir': dir, 'accounts.hash_kbytes': 8192, 'log.level': 'error' };
  const args = Object.entries(sets).flatMap(([k, v]) => ['--set', `${k}=${v}`]);
  const child = spawn(binary, ['user', ...words, ...args], { stdio: 'pipe' });
  const result = { out: '', err: '' };
  child.stdout.on('data', (d) => {
    result.out += d;
  });
  child.stderr.on('data', (d) => {
    result.err += d;
  });
  child.stdin.on('error', () => {}); /* it may end without reading */
  child.stdin.end(input);
  [result.code] = await once(child, 'close');
  return result;
}

const root = ['--email', 'root@example.org'];

test('add, list, role, disable, enable, delete', async () => {
  const added = await user(['add', ...root, '--name', 'Root', '--role', 'admin'], { input: `${password}\n` });
  assert.deepEqual(added, { out: 'root@example.org is admin\n', err: '', code: 0 });
  const bob = ['--email', 'bob@example.org'];
  assert.equal((await user(['add', ...bob, '--name', 'Bob'], { input: password })).code, 0);
  assert.equal((await user(['disable', ...bob])).code, 0);
  assert.equal(
    (await user(['list'])).out,
    'bob@example.org\tBob\tmember\tdisabled\nroot@example.org\tRoot\tadmin\tactive\n',
  );
  assert.equal((await user(['enable', ...bob])).code, 0);
  assert.equal((await user(['role', ...bob, '--role', 'admin'])).code, 0);
  assert.equal((await user(['list', '--search', 'bob'])).out, 'bob@example.org\tBob\tadmin\tactive\n');
  assert.equal((await user(['delete', ...bob])).code, 0);
  assert.equal((await user(['list', '--search', 'bob'])).out, '');
});

test('what is refused says why', async () => {
  const refusals = [
    [['delete', ...root], '', /last admin/],
    [['role', ...root, '--role', 'member'], '', /last admin/],
    [['role', ...root, '--role', 'king'], '', /member or admin/],
    [['disable', '--email', 'nobody@example.org'], '', /no account/],
    [['add', ...root, '--name', 'Again'], password, /there is an account/],
    [['add', '--email', 'x@example.org', '--name', 'X'], 'short', /password/],
    [['add', '--email', 'x@example.org', '--name', 'X'], '', /password/],
    [['add', '--email', 'no address', '--name', 'X'], password, /email/],
    [['add', '--email', 'x@example.org'], password, /--name/],
    [['passwd'], password, /--email/],
  ];
  for (const [words, input, why] of refusals) {
    const { code, err, out } = await user(words, { input });
    assert.equal(code, 1, words.join(' '));
    assert.match(err, why);
    assert.equal(out, '');
  }
  for (const words of [[], ['promote'], ['add', '--password', 'x']]) {
    assert.equal((await user(words)).code, 2, words.join(' '));
  }
});

test('a service that runs sees it when its memory is over', async (t) => {
  const server = await new ParleyServer({ ...roomy, 'accounts.cached_s': 1 }).start();
  t.after(() => server.stop());
  const dir = server.dataDir;
  assert.equal((await user(['add', ...root, '--name', 'Root'], { input: password, dir })).code, 0);
  const client = new Client(server.url);
  await signIn(client, 'root@example.org');
  assert.equal((await client.get('/session')).body.account.role, 'member');
  const fresh = 'quite another password';
  assert.equal((await user(['passwd', ...root], { input: `${fresh}\n`, dir })).code, 0);
  await until(async () => (await client.get('/session')).body.account === null, 'the end of the session');
  await signIn(client, 'root@example.org', fresh);
});
