/** What the server's messages make of the state. */
import type { PeerInfo, RoomState, ServerMessageOf } from '../protocol/messages';
import { type CoreState, without } from './core';
import type { RoomMessage } from './events';
import type { Notice, PeerState } from './types';
import * as words from './words';

const MAX_NOTICES = 3;

export function withNotice(state: CoreState, text: string, kind: Notice['kind'] = 'info'): CoreState {
  const id = state.noticeSeq + 1;
  return { ...state, noticeSeq: id, notices: [...state.notices, { id, text, kind }].slice(-MAX_NOTICES) };
}

export function withPeer(
  state: CoreState,
  participant: string,
  change: (peer: PeerState) => Partial<PeerState>,
): CoreState {
  if (!state.peers.some((p) => p.participant === participant)) return state;
  return {
    ...state,
    peers: state.peers.map((p) => (p.participant === participant ? { ...p, ...change(p) } : p)),
  };
}

const nameOf = (state: CoreState, participant: string): string =>
  state.peers.find((p) => p.participant === participant)?.name ?? '';

/** As the server tells it, on top of what is known of their media. */
function peerState(info: PeerInfo, known: PeerState | undefined): PeerState {
  return {
    link: 'new',
    closing: false,
    hasVideo: false,
    streamVersion: 0,
    ...known,
    participant: info.participant,
    name: info.name,
    host: info.role === 'host',
    owner: info.owner,
    signedIn: info.signed_in,
    away: info.away,
    ...(info.away ? {} : { closing: false }),
    audio: info.media.audio,
    video: info.media.video,
  };
}

const known = (state: CoreState, participant: string): PeerState | undefined =>
  state.peers.find((p) => p.participant === participant);

const doorOf = (room: RoomState) => ({
  knock: room.knock,
  locked: room.locked,
  lasting: room.lasting,
  owner: room.owner,
  roomName: room.name ?? '',
});

export function reduceJoined(
  state: CoreState,
  { room, self, peers }: ServerMessageOf<'joined'>,
  keep: readonly string[],
): CoreState {
  const listed = peers.map((p) => peerState(p, known(state, p.participant)));
  const kept = state.peers.filter(
    (p) => keep.includes(p.participant) && !listed.some((l) => l.participant === p.participant),
  );
  return {
    ...without(state, 'ended', 'nameError'),
    page: 'call',
    joining: false,
    readmission: false,
    room: room.id,
    self: self.participant,
    host: self.role === 'host',
    ...doorOf(room),
    peers: [...listed, ...kept.map((p) => ({ ...p, away: true }))],
    knocks: [], // the server tells again who is waiting
  };
}

function peerJoined(state: CoreState, info: PeerInfo): CoreState {
  const before = known(state, info.participant);
  const peer = peerState(info, before);
  const knocks = state.knocks.filter((k) => k.participant !== info.participant);
  if (before)
    return {
      ...state,
      knocks,
      peers: state.peers.map((p) => (p.participant === peer.participant ? peer : p)),
    };
  return withNotice({ ...state, knocks, peers: [...state.peers, peer] }, words.joined(info.name));
}

function peerLeft(state: CoreState, { participant, reason }: ServerMessageOf<'peer.left'>): CoreState {
  if (!known(state, participant)) return state;
  const peers = state.peers.filter((p) => p.participant !== participant);
  const gone = reason === 'removed' ? words.removed : words.left;
  return withNotice({ ...state, peers }, gone(nameOf(state, participant)));
}

function newHost(state: CoreState, participant: string): CoreState {
  const host = participant === state.self;
  const peers = state.peers.map((p) => ({ ...p, host: p.participant === participant }));
  const next = { ...state, host, peers, knocks: host ? state.knocks : [] };
  if (host && !state.host) return withNotice(next, words.HOST_NOW);
  // Whoever was host is told; to the others it matters less.
  return state.host && !host ? withNotice(next, words.hostNow(nameOf(state, participant))) : next;
}

function addKnock(state: CoreState, { participant, name }: ServerMessageOf<'knock'>): CoreState {
  const others = state.knocks.filter((k) => k.participant !== participant);
  return { ...state, knocks: [...others, { participant, name }] };
}

export function reduceServer(state: CoreState, message: RoomMessage): CoreState {
  switch (message.type) {
    case 'waiting':
      return {
        ...without(state, 'ended', 'nameError'),
        page: 'waiting',
        joining: false,
        readmission: state.page === 'call' || state.readmission,
        host: false,
        peers: [],
        knocks: [],
        room: message.room.id,
        self: message.participant,
      };
    case 'idle':
      return { ...state, joining: false };
    case 'knock':
      return addKnock(state, message);
    case 'knock.gone':
      return { ...state, knocks: state.knocks.filter((k) => k.participant !== message.participant) };
    case 'peer.joined':
      return peerJoined(state, message.peer);
    case 'peer.away':
      return withPeer(state, message.participant, () => ({
        away: true,
        closing: message.closing === true,
      }));
    case 'peer.back':
      return withPeer(state, message.participant, (p) => ({
        away: false,
        closing: false,
        name: message.name ?? p.name,
        owner: message.owner ?? p.owner,
        signedIn: message.signed_in ?? p.signedIn,
      }));
    case 'peer.left':
      return peerLeft(state, message);
    case 'peer.media':
      return withPeer(state, message.participant, () => ({ audio: message.audio, video: message.video }));
    case 'host':
      return newHost(state, message.participant);
    case 'room.updated':
      return { ...state, ...doorOf(message.room) };
  }
}
