import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Devices } from '../media/port';
import { ANNA, BERT, peerInfo, ROOM, roomState } from '../protocol/messages.fake';
import { type CoreState, initialState } from './core';
import type { AppEvent, RoomMessage } from './events';
import { reduce } from './reduce';

const OFF = { wanted: false, status: 'off', deviceId: '' } as const;
const DEVICES: Devices = {
  audio: OFF,
  video: OFF,
  microphones: [],
  cameras: [],
  speakers: [],
  speakerId: '',
  streamVersion: 0,
};

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const v of Object.values(Object.freeze(value))) freeze(v);
  return value;
}

/** Frozen at each step: a reducer that writes into its input throws. */
const after = (...events: AppEvent[]): CoreState =>
  events.reduce(
    (state, event) => freeze(reduce(state, freeze(event))),
    freeze(initialState('Anna', DEVICES)),
  );

const JOINED: AppEvent = {
  type: 'joined',
  keep: [],
  message: {
    type: 'joined',
    seq: 1,
    room: roomState(),
    self: { participant: ANNA, name: 'Anna', role: 'member' },
    peers: [peerInfo({ role: 'host' })],
    ticket: 't',
  },
};
const server = (message: RoomMessage): AppEvent => ({ type: 'server', message });
const FRAME: AppEvent = { type: 'frame', participant: BERT };
const LINK: AppEvent = { type: 'link', participant: BERT, link: 'connected' };
const STREAM: AppEvent = { type: 'stream', participant: BERT };

test('joined: the room as the server tells it', () => {
  const state = after({ type: 'room', room: ROOM, link: 'L' }, { type: 'joining', on: true }, JOINED);
  assert.equal(state.page, 'call');
  assert.equal(state.joining, false);
  assert.equal(state.host, false);
  assert.deepEqual(state.peers, [
    {
      participant: BERT,
      name: 'Bert',
      host: true,
      owner: false,
      signedIn: false,
      away: false,
      closing: false,
      audio: true,
      video: true,
      link: 'new',
      hasVideo: false,
      streamVersion: 0,
    },
  ]);
});

test('a snapshot keeps what is known of the media', () => {
  const state = after(JOINED, LINK, STREAM, FRAME, JOINED);
  const [peer] = state.peers;
  assert.deepEqual([peer?.link, peer?.hasVideo, peer?.streamVersion], ['connected', true, 1]);
});

test('another stream has not been seen yet', () => {
  const state = after(JOINED, STREAM, FRAME, STREAM);
  assert.deepEqual([state.peers[0]?.streamVersion, state.peers[0]?.hasVideo], [2, false]);
});

test('peers come, change and go', () => {
  const cleo = peerInfo({ participant: 'c'.repeat(16), name: 'Cleo' });
  let state = after(JOINED, server({ type: 'peer.joined', seq: 1, peer: cleo }));
  assert.equal(state.peers.length, 2);
  state = reduce(state, server({ type: 'peer.joined', seq: 1, peer: { ...cleo, name: 'Cleo K' } }));
  assert.deepEqual(
    state.peers.map((p) => p.name),
    ['Bert', 'Cleo K'],
  );
  assert.equal(state.notices.length, 1);
  state = reduce(
    state,
    server({ type: 'peer.media', seq: 1, participant: cleo.participant, audio: false, video: true }),
  );
  assert.deepEqual(
    [state.peers[1]?.audio, state.peers[1]?.video, state.peers[0]?.audio],
    [false, true, true],
  );
  state = reduce(state, server({ type: 'peer.left', seq: 1, participant: BERT, reason: 'left' }));
  assert.deepEqual(
    state.peers.map((p) => p.name),
    ['Cleo K'],
  );
  assert.equal(
    reduce(state, server({ type: 'peer.left', seq: 1, participant: BERT, reason: 'left' })),
    state,
  );
});

test('the host changes', () => {
  const KNOCK = server({ type: 'knock', seq: 1, participant: 'c'.repeat(16), name: 'Cleo' });
  let state = after(JOINED, server({ type: 'host', seq: 1, participant: ANNA }), KNOCK, KNOCK);
  assert.equal(state.host, true);
  assert.equal(state.peers[0]?.host, false);
  assert.equal(state.notices.length, 1);
  assert.equal(state.knocks.length, 1);
  state = reduce(state, server({ type: 'host', seq: 1, participant: BERT }));
  assert.equal(state.host, false);
  assert.equal(state.peers[0]?.host, true);
  assert.deepEqual(state.knocks, [], 'no longer mine to answer');
});

test('whoever is admitted knocks no more', () => {
  const cleo = 'c'.repeat(16);
  const knock = server({ type: 'knock', seq: 1, participant: cleo, name: 'Cleo' });
  const admitted = server({ type: 'peer.joined', seq: 1, peer: peerInfo({ participant: cleo }) });
  assert.deepEqual(after(JOINED, knock, admitted).knocks, []);
  const gone = server({ type: 'knock.gone', seq: 1, participant: cleo, reason: 'left' });
  assert.deepEqual(after(JOINED, knock, gone).knocks, []);
});

test('at most three notices, each with a number of its own', () => {
  const notice = (text: string): AppEvent => ({ type: 'notice', text, kind: 'info' });
  let state = after(notice('1'), notice('2'), notice('3'), notice('4'));
  assert.deepEqual(
    state.notices.map((n) => n.text),
    ['2', '3', '4'],
  );
  state = reduce(state, { type: 'dismiss', id: 3 });
  state = reduce(state, notice('5'));
  assert.deepEqual(
    state.notices.map((n) => n.id),
    [2, 4, 5],
  );
});

test('a device that breaks in a call is told, on pre-join its own text is enough', () => {
  const broken = { type: 'devices', devices: { ...DEVICES, video: { ...OFF, status: 'problem' } } } as const;
  assert.equal(after(broken).notices.length, 0);
  assert.equal(after(JOINED, broken, broken).notices.length, 1);
});

test('errors go when their cause does', () => {
  const error: AppEvent = { type: 'home-error', text: 'x' };
  for (const event of [
    { type: 'home' },
    { type: 'creating', on: true },
    { type: 'room', room: ROOM, link: 'L' },
  ] as const)
    assert.ok(!('homeError' in after(error, event)), event.type);
  assert.ok(!('nameError' in after({ type: 'name-error', text: 'x' }, { type: 'name', name: 'y' })));
  assert.ok(!('ended' in after({ type: 'ended', reason: 'left' }, JOINED)));
});

test('the end leaves nobody in the room, but says which it was', () => {
  const state = after({ type: 'room', room: ROOM, link: 'L' }, JOINED, { type: 'ended', reason: 'left' });
  assert.deepEqual([state.page, state.ended, state.room, state.link], ['ended', 'left', ROOM, 'L']);
  assert.deepEqual([state.peers, state.knocks, state.self, state.host], [[], [], '', false]);
});

test('news of somebody who is not here changes nothing', () => {
  const state = after(JOINED);
  const stranger = 'c'.repeat(16);
  for (const event of [
    server({ type: 'peer.away', seq: 1, participant: stranger }),
    server({ type: 'peer.media', seq: 1, participant: stranger, audio: true, video: true }),
    { type: 'frame', participant: stranger },
    { type: 'link', participant: stranger, link: 'failed' },
  ] as const)
    assert.equal(reduce(state, event), state);
});
