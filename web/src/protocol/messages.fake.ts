/** One good example of each message that the server sends. */
import type { PeerInfo, RoomState, ServerMessage, Welcome } from './messages';

export const ANNA = '0123456789abcdef';
export const BERT = 'fedcba9876543210';
export const ROOM = 'abcde-fgh23-jkmnp-01xyz';

export const welcomeMessage = (fields: Partial<Welcome> = {}): Welcome => ({
  type: 'welcome',
  seq: 0,
  ack: 0,
  re: 1,
  session: 's000000000000000',
  token: 't'.repeat(43),
  resumed: false,
  gap: false,
  last_id: 0,
  server_time: 1_700_000_000_000,
  resume_s: 120,
  limits: { message_bytes: 65_536, messages_per_s: 50, sdp_bytes: 32_768, name_chars: 40 },
  ice_servers: [{ urls: ['turn:h:3478'], username: 'u', credential: 'c' }],
  ice_expires_s: 600,
  version: '0.1',
  ...fields,
});

export const peerInfo = (fields: Partial<PeerInfo> = {}): PeerInfo => ({
  participant: BERT,
  name: 'Bert',
  role: 'member',
  away: false,
  signed_in: false,
  owner: false,
  media: { audio: true, video: true },
  polite: true,
  ...fields,
});

export const roomState = (fields: Partial<RoomState> = {}): RoomState => ({
  id: ROOM,
  knock: true,
  locked: false,
  lasting: false,
  owner: false,
  max_participants: 2,
  ...fields,
});

const room = roomState({ lasting: true, owner: true, name: 'Tuesdays' });

export const EXAMPLES: readonly ServerMessage[] = [
  welcomeMessage(),
  {
    type: 'joined',
    seq: 1,
    re: 2,
    room,
    self: { participant: ANNA, name: 'Anna', role: 'host' },
    peers: [peerInfo({ offer: 'v=0\r\n', rejoined: true })],
    ticket: 'ticket',
    snapshot: true,
  },
  { type: 'waiting', seq: 1, re: 2, room: { id: ROOM }, participant: ANNA, snapshot: true },
  { type: 'waiting', seq: 1, room: { id: ROOM }, participant: ANNA, reason: 'readmission' },
  { type: 'idle', seq: 1, snapshot: true },
  { type: 'refused', seq: 1, room: { id: ROOM }, reason: 'host' },
  { type: 'removed', seq: 1, room: { id: ROOM } },
  { type: 'ended', seq: 1, re: 3, room: { id: ROOM }, reason: 'host' },
  { type: 'ended', seq: 1, room: { id: ROOM }, reason: 'admin' },
  { type: 'ended', seq: 1, room: { id: ROOM }, reason: 'deleted' },
  { type: 'left', seq: 1, re: 3 },
  { type: 'knock', seq: 1, participant: BERT, name: 'Bert' },
  { type: 'knock.gone', seq: 1, participant: BERT, reason: 'timeout' },
  { type: 'peer.joined', seq: 1, peer: peerInfo() },
  { type: 'peer.away', seq: 1, participant: BERT, closing: true },
  {
    type: 'peer.back',
    seq: 1,
    participant: BERT,
    fresh: true,
    name: 'Bertram',
    signed_in: true,
    owner: false,
  },
  { type: 'peer.left', seq: 1, participant: BERT, reason: 'left' },
  { type: 'peer.left', seq: 1, participant: BERT, reason: 'removed' },
  { type: 'peer.media', seq: 1, participant: BERT, audio: true, video: false },
  { type: 'host', seq: 1, participant: ANNA, ticket: 'another' },
  { type: 'room.updated', seq: 1, room, ticket: 'another' },
  { type: 'ticket', seq: 1, ticket: 'another' },
  { type: 'signal', seq: 1, from: BERT, description: { type: 'offer', sdp: 'v=0\r\n' } },
  { type: 'ice.restart', seq: 1, participant: BERT },
  { type: 'ice', seq: 1, re: 4, ice_servers: [{ urls: 'stun:h' }], ice_expires_s: 600 },
  { type: 'pong', seq: 1, re: 5, server_time: 1_700_000_000_000 },
  { type: 'error', seq: 1, re: 6, code: 'bad_field', message: 'no', field: 'name' },
];

export const OPTIONAL: readonly string[] = [
  'joined.snapshot',
  'waiting.snapshot',
  'waiting.reason',
  'idle.snapshot',
  'peer.away.closing',
  'peer.back.fresh',
  'peer.back.name',
  'peer.back.signed_in',
  'peer.back.owner',
  'host.ticket',
  'signal.description',
  'error.field',
];
