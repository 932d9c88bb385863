import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameFault, parseRoomCode, parseRoomInput, roomOfPath, utf8Bytes } from './room';

const CODE = 'abcde-fgh23-jkmnp-01xyz';

test('a code is read however it is written', () => {
  for (const written of [
    CODE,
    'ABCDE-FGH23-JKMNP-01XYZ',
    'abcdefgh23jkmnp01xyz',
    ' abcde fgh23  jkmnp 01xyz\n',
    'abcde–fgh23—jkmnp-01xyz',
    'abcde-fgh23-jkmnp-OLxyz',
    'abcde-fgh23-jkmnp-oixyz',
  ])
    assert.equal(parseRoomCode(written), CODE, written);
});

test('what is no code is refused', () => {
  for (const written of [
    '',
    'abcde',
    `${CODE}0`,
    'abcde-fgh23-jkmnp-01xy',
    'abcde-fgh23-jkmnp-01xyu',
    'abcde_fgh23_jkmnp_01xyz',
    'äbcde-fgh23-jkmnp-01xyz',
  ])
    assert.equal(parseRoomCode(written), undefined, written);
});

test('a path names a room', () => {
  assert.equal(roomOfPath(`/r/${CODE}`), CODE);
  assert.equal(roomOfPath(`/r/${CODE}/`), CODE);
  assert.equal(roomOfPath('/r/ABCDE%20FGH23%20JKMNP%2001XYZ'), CODE);
  for (const path of ['/', '/r/', `/x/${CODE}`, `/r/${CODE}/more`, '/r/%E0%A4%A', '/r/nothing'])
    assert.equal(roomOfPath(path), undefined, path);
});

test('a pasted link names a room', () => {
  assert.equal(parseRoomInput(`https://call.example.org/r/${CODE}`), CODE);
  assert.equal(parseRoomInput(`call.example.org/r/${CODE}?debug#x`), CODE);
  assert.equal(parseRoomInput(`Join me: https://h/r/${CODE} at nine`), CODE);
  assert.equal(parseRoomInput(CODE), CODE);
  assert.equal(parseRoomInput('https://call.example.org/'), undefined);
});

test('names: empty, long, and characters that are not shown', () => {
  assert.equal(nameFault('Anna'), undefined);
  assert.equal(nameFault('  Zoë 👩‍👩‍👧 '), undefined);
  assert.equal(nameFault(' \t '), 'empty');
  assert.equal(nameFault('x'.repeat(40)), undefined);
  assert.equal(nameFault('x'.repeat(41)), 'long');
  assert.equal(nameFault('😀'.repeat(40)), undefined);
  assert.equal(nameFault('😀'.repeat(41)), 'long');
  for (const bad of ['a\u0000b', 'a\u202eb', 'a\u2028b', 'a\ud800b', 'a\ue000b', 'a\u2066b', 'a\nb'])
    assert.equal(nameFault(bad), 'characters', JSON.stringify(bad));
});

test('bytes are counted as the server counts them', () => {
  for (const text of ['', 'abc', 'äöü', '€', '😀', 'a😀ä€'])
    assert.equal(utf8Bytes(text), Buffer.byteLength(text), text);
});
