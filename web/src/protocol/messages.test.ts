import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerMessage } from './messages';
import { EXAMPLES, OPTIONAL } from './messages.fake';

const parse = (value: unknown) => parseServerMessage(JSON.stringify(value));

test('every message of the protocol is understood', () => {
  for (const example of EXAMPLES) {
    const parsed = parse(example);
    assert.ok(parsed.ok, `${example.type}: ${parsed.ok ? '' : parsed.why}`);
    assert.deepEqual(parsed.message, example);
  }
});

test('a missing field, or one of another type, is refused by name', () => {
  let refused = 0;
  for (const example of EXAMPLES)
    for (const field of Object.keys(example)) {
      const optional = OPTIONAL.includes(`${example.type}.${field}`) || ['ack', 're'].includes(field);
      const { [field]: _, ...missing } = example as Record<string, unknown>;
      assert.equal(parse(missing).ok, optional, `${example.type} without ${field}`);
      for (const wrong of [null, [], { a: 1 }, -1, 1.5, 'x'.repeat(300_000)]) {
        if (Array.isArray(wrong) && Array.isArray(Object.entries(example).find(([k]) => k === field)?.[1]))
          continue;
        const parsed = parse({ ...example, [field]: wrong });
        assert.ok(!parsed.ok, `${example.type}.${field} = ${JSON.stringify(wrong).slice(0, 20)}`);
        assert.match(parsed.why, field === 'type' ? /unknown type/ : new RegExp(`bad ${field}`));
        refused++;
      }
    }
  assert.ok(refused > 300);
});

test('unknown fields are left alone', () => {
  assert.ok(parse({ type: 'left', seq: 4, re: 2, mood: 'fine' }).ok);
});

test('what is no message', () => {
  for (const data of ['', '{', 'null', '7', '[]', '"x"', new Uint8Array(3), undefined])
    assert.equal(parseServerMessage(data).ok, false);
});

test('no word of JavaScript is a message type', () => {
  for (const type of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 5])
    assert.equal(parse({ type, seq: 1 }).ok, false, String(type));
});

test('a refused message still tells its numbers', () => {
  const parsed = parse({ type: 'of the future', seq: 7, ack: 3 });
  assert.deepEqual(parsed, { ok: false, why: 'unknown type', seq: 7, ack: 3 });
});

test('fields inside others are checked too', () => {
  const joined = EXAMPLES.find((e) => e.type === 'joined');
  assert.ok(joined?.type === 'joined');
  const [peer] = joined.peers;
  assert.ok(!parse({ ...joined, peers: [{ ...peer, polite: 'yes' }] }).ok);
  assert.ok(!parse({ ...joined, peers: [{ ...peer, media: { audio: true } }] }).ok);
  assert.ok(!parse({ ...joined, peers: Array(65).fill(peer) }).ok);
  assert.ok(!parse({ ...joined, peers: [{ ...peer, signed_in: undefined }] }).ok);
  const { name: _, ...nameless } = joined.room;
  assert.ok(parse({ ...joined, room: nameless }).ok);
  for (const [field, wrong] of Object.entries({ locked: 1, lasting: undefined, owner: 'me', name: 7 }))
    assert.ok(!parse({ ...joined, room: { ...joined.room, [field]: wrong } }).ok, field);
  const signal = { type: 'signal', seq: 1, from: '0123456789abcdef' };
  assert.ok(!parse({ ...signal, description: { type: 'pranswer', sdp: '' } }).ok);
  assert.ok(!parse({ ...signal, description: { type: 'offer' } }).ok);
  assert.ok(parse({ ...signal, description: { type: 'rollback' } }).ok);
  assert.ok(!parse({ ...signal, candidate: { candidate: 5 } }).ok);
});
