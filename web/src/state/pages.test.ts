import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOM } from '../protocol/messages.fake';
import { World } from './world.fake';

test('home: a call is started and its pre-join page shown', async () => {
  const w = new World('/');
  assert.equal(w.state.page, 'home');
  assert.deepEqual(w.signalCalls, ['start'], 'the WebSocket is opened before any click');
  w.controller.startCall();
  assert.equal(w.state.creating, true);
  await w.settle();
  assert.equal(w.path, `/r/${ROOM}`);
  assert.equal(w.state.page, 'prejoin');
  assert.equal(w.state.creating, false);
  assert.equal(w.state.link, `https://call.test/r/${ROOM}`);
  assert.ok(w.local.calls.includes('start'));
});

test('home: no room to be had', async () => {
  const w = new World('/');
  const texts = [];
  for (const status of [503, 500, 403]) {
    w.answers.set('POST /rooms', [status, status === 403 ? { code: 'forbidden' } : {}]);
    w.controller.startCall();
    await w.settle();
    assert.equal(w.state.page, 'home');
    assert.equal(w.state.creating, false);
    texts.push(w.state.homeError);
  }
  assert.equal(new Set(texts).size, 3);
});

test('home: links and codes', () => {
  const w = new World('/');
  w.controller.openRoom('nonsense');
  assert.ok(w.state.homeError);
  w.controller.openRoom(`https://elsewhere/r/${ROOM.toUpperCase()}`);
  assert.equal(w.state.room, ROOM);
  assert.equal(w.state.homeError, undefined);
});

test('a link that is none leads home, with a word', () => {
  const w = new World('/r/nonsense');
  assert.equal(w.state.page, 'home');
  assert.ok(w.state.homeError);
});

test('pre-join: a name that will not do', () => {
  const w = new World();
  w.welcome();
  const errors = ['', 'x'.repeat(41), 'a\u202eb'].map((name) => {
    w.controller.setName(name);
    assert.equal(w.state.nameError, undefined);
    w.controller.join();
    return w.state.nameError;
  });
  assert.equal(new Set(errors).size, 3);
  assert.ok(errors.every(Boolean));
  assert.deepEqual(w.sent, []);
});
