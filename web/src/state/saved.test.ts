import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOM } from '../protocol/messages.fake';
import { Memory } from './saved';

const memoryOf = (map: Map<string, string>, faults: string[] = []) => {
  const store = {
    getItem: (k: string) => map.get(k) ?? null,
    setItem: (k: string, v: string) => void map.set(k, v),
    removeItem: (k: string) => void map.delete(k),
  };
  return new Memory(store, store, (why) => faults.push(why));
};

test('a call is remembered, and forgotten', () => {
  const memory = memoryOf(new Map());
  const call = { room: ROOM, name: 'Anna', ticket: 't' };
  memory.saveCall(call);
  assert.deepEqual(memory.loadCall(), call);
  const full = { ...call, credentials: { session: 'S', token: 'T' } };
  memory.saveCall(full);
  assert.deepEqual(memory.loadCall(), full);
  memory.forgetCall();
  assert.equal(memory.loadCall(), undefined);
});

test('what is not ours is no call', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"room":"x","name":"A"}',
    `{"room":"${ROOM}","name":""}`,
    '{"room":5}',
  ])
    assert.equal(memoryOf(new Map([['parley.call', text]])).loadCall(), undefined, text);
});

test('half a session is none', () => {
  const text = JSON.stringify({ room: ROOM, name: 'A', ticket: 7, session: 'S' });
  const call = memoryOf(new Map([['parley.call', text]])).loadCall();
  assert.deepEqual(call, { room: ROOM, name: 'A', ticket: '' });
});

test('storage that is forbidden is told, and does no harm', () => {
  const faults: string[] = [];
  const closed = (): never => {
    throw new Error('SecurityError');
  };
  const store = { getItem: closed, setItem: closed, removeItem: closed };
  const memory = new Memory(store, store, (why) => faults.push(why));
  memory.saveName('A');
  assert.equal(memory.loadName(), '');
  assert.equal(memory.loadCall(), undefined);
  assert.equal(faults.length, 3);
});
