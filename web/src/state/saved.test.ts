import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOM } from '../protocol/messages.fake';
import { Memory } from './saved';

const memoryOf = (map: Map<string, string>, faults: string[] = [], now = () => 0) => {
  const store = {
    getItem: (k: string) => map.get(k) ?? null,
    setItem: (k: string, v: string) => void map.set(k, v),
    removeItem: (k: string) => void map.delete(k),
  };
  return new Memory(store, store, now, (why) => faults.push(why));
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
  const memory = new Memory(
    store,
    store,
    () => 0,
    (why) => faults.push(why),
  );
  memory.saveName('A');
  assert.equal(memory.loadName(), '');
  assert.equal(memory.loadCall(), undefined);
  assert.equal(memory.loadSeat(ROOM), undefined);
  memory.saveSeat({ room: ROOM, name: 'Anna', ticket: 't' });
  assert.equal(faults.length, 6);
});

test('a seat is kept for its room, for a day, and few of them', () => {
  let now = 1_000_000_000;
  const map = new Map<string, string>();
  const memory = memoryOf(map, [], () => now);
  const seat = { room: ROOM, name: 'Anna', ticket: 'old' };
  memory.saveSeat(seat);
  memory.saveSeat({ ...seat, ticket: 'new' });
  assert.equal(memory.loadSeat(ROOM)?.ticket, 'new');
  now += 23 * 3600 * 1000;
  assert.equal(memory.loadSeat(ROOM)?.name, 'Anna');
  now += 3600 * 1000;
  assert.equal(memory.loadSeat(ROOM), undefined);
  const rooms = Array.from({ length: 9 }, (_, n) => ROOM.replace('a', String(n)));
  for (const room of rooms) memory.saveSeat({ ...seat, room });
  assert.equal(memory.loadSeat(rooms[0] ?? ''), undefined, 'the oldest has given way');
  assert.ok(memory.loadSeat(rooms[8] ?? ''));
  for (const room of rooms) memory.forgetSeat(room);
  assert.equal(map.size, 0, 'nothing is left behind');
});

test('what is not ours is no seat', () => {
  const good = { room: ROOM, name: 'A', ticket: 't', time: 1 };
  const bad = [
    { ...good, room: 'x' },
    { ...good, name: '' },
    { ...good, ticket: 5 },
    { ...good, time: '1' },
    null,
  ];
  for (const text of ['{', '5', '{}', JSON.stringify(bad)])
    assert.equal(memoryOf(new Map([['parley.seats', text]])).loadSeat(ROOM), undefined, text);
  assert.ok(memoryOf(new Map([['parley.seats', JSON.stringify([good])]])).loadSeat(ROOM));
});
