/**
 * The messages of `parley.v1` (docs/protocol.md). What the server sends is described by checks, and its types are
 * derived from them; what we send is described by types alone.
 */
import {
  bool,
  type Check,
  type Checked,
  count,
  isRecord,
  list,
  matching,
  object,
  oneOf,
  optional,
  orNull,
  type Shaped,
  text,
  wrongField,
} from './check';

const MAX_PEERS = 64;
const participant = matching(/^[0-9a-hjkmnp-tv-z]{16}$/);
const roomId = matching(/^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/);
const name = text(160);
const sdp = text(256 * 1024);
const ticket = text(512);
const role = oneOf('host', 'member');
const media = object({ audio: bool, video: bool });

const roomState = object({
  id: roomId,
  knock: bool,
  locked: bool,
  lasting: bool, // it has an owner
  owner: bool, // and that is us
  max_participants: count,
  name: optional(text(256)), // of a lasting room
});
const roomRef = object({ id: roomId });

const peer = object({
  participant,
  name,
  role,
  away: bool,
  signed_in: bool,
  owner: bool,
  media,
  polite: bool,
  offer: optional(sdp),
  rejoined: optional(bool),
});

const urls: Check<string | readonly string[]> = (v): v is string | readonly string[] =>
  text(512)(v) || list(text(512), 16)(v);

const iceServer = object({ urls, username: optional(text(512)), credential: optional(text(512)) });
const iceServers = list(iceServer, 32);

const candidate = object({
  candidate: text(1024),
  sdpMid: optional(orNull(text(32))),
  sdpMLineIndex: optional(orNull(count)),
  usernameFragment: optional(orNull(text(256))),
});

const answerOrOffer = object({ type: oneOf('offer', 'answer'), sdp });
const rollback = object({ type: oneOf('rollback') });
const description: Check<Checked<typeof answerOrOffer> | Checked<typeof rollback>> = (
  v,
): v is Checked<typeof answerOrOffer> | Checked<typeof rollback> => answerOrOffer(v) || rollback(v);

const shapes = {
  welcome: {
    session: text(64),
    token: text(128),
    resumed: bool,
    gap: bool,
    last_id: count,
    server_time: count,
    resume_s: count,
    limits: object({ message_bytes: count, messages_per_s: count, sdp_bytes: count, name_chars: count }),
    ice_servers: iceServers,
    ice_expires_s: count,
    version: text(64),
  },
  joined: {
    room: roomState,
    self: object({ participant, name, role }),
    peers: list(peer, MAX_PEERS),
    ticket,
    snapshot: optional(bool),
  },
  waiting: {
    room: roomRef,
    participant,
    snapshot: optional(bool),
    reason: optional(oneOf('readmission')),
  },
  idle: { snapshot: optional(bool) },
  refused: { room: roomRef, reason: oneOf('host', 'timeout') },
  removed: { room: roomRef },
  ended: { room: roomRef, reason: oneOf('host', 'admin', 'deleted') },
  left: {},
  knock: { participant, name },
  'knock.gone': { participant, reason: oneOf('left', 'refused', 'timeout') },
  'peer.joined': { peer },
  'peer.away': { participant, closing: optional(bool) },
  'peer.back': {
    participant,
    fresh: optional(bool),
    name: optional(name),
    signed_in: optional(bool),
    owner: optional(bool),
  },
  'peer.left': { participant, reason: oneOf('left', 'timeout', 'removed') },
  'peer.media': { participant, audio: bool, video: bool },
  host: { participant, ticket: optional(ticket) },
  'room.updated': { room: roomState, ticket },
  ticket: { ticket },
  signal: {
    from: participant,
    description: optional(description),
    candidate: optional(candidate),
    end_of_candidates: optional(bool),
    usernameFragment: optional(text(256)),
  },
  'ice.restart': { participant },
  ice: { ice_servers: iceServers, ice_expires_s: count },
  pong: { server_time: count },
  error: { code: text(64), message: text(1024), field: optional(text(64)) },
} as const;

const envelope = { seq: count, ack: optional(count), re: optional(count) };

type Shapes = typeof shapes;
type Envelope = Shaped<typeof envelope>;
export type ServerType = keyof Shapes;
export type ServerMessageOf<T extends ServerType> = { readonly type: T } & Envelope & Shaped<Shapes[T]>;
export type ServerMessage = { [T in ServerType]: ServerMessageOf<T> }[ServerType];

export type Welcome = ServerMessageOf<'welcome'>;
export type RoomState = Checked<typeof roomState>;
export type PeerInfo = Checked<typeof peer>;
export type IceServer = Checked<typeof iceServer>;
export type Candidate = Checked<typeof candidate>;
export type Description = Checked<typeof description>;

export type Parsed =
  | { readonly ok: true; readonly message: ServerMessage }
  | { readonly ok: false; readonly why: string; readonly seq?: number; readonly ack?: number };

const isServerType = (type: unknown): type is ServerType =>
  typeof type === 'string' && Object.hasOwn(shapes, type);

function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined; // told to the caller as "not a JSON object"
  }
}

/** Check one incoming message. Of a message that is refused, the numbers are still told where they can be read. */
export function parseServerMessage(data: unknown): Parsed {
  const value = parseJson(data);
  if (!isRecord(value)) return { ok: false, why: 'not a JSON object' };
  const badEnvelope = wrongField(envelope, value);
  if (badEnvelope) return { ok: false, why: `bad ${badEnvelope}` };
  const { seq, ack } = value as unknown as Envelope;
  const numbers = ack === undefined ? { seq } : { seq, ack };
  if (!isServerType(value.type)) return { ok: false, why: 'unknown type', ...numbers };
  const bad = wrongField(shapes[value.type], value);
  if (bad) return { ok: false, why: `${value.type}: bad ${bad}`, ...numbers };
  return { ok: true, message: value as unknown as ServerMessage };
}

/** What a `signal` message can carry, in both directions. */
export type SignalBody =
  | { readonly description: Description }
  | { readonly candidate: Candidate }
  | { readonly end_of_candidates: true; readonly usernameFragment?: string };

export interface MediaFlags {
  readonly audio: boolean;
  readonly video: boolean;
}

export interface JoinMessage {
  readonly type: 'join';
  readonly room: string;
  readonly name: string;
  readonly media: MediaFlags;
  readonly offer?: string;
  readonly ticket?: string;
  readonly pass?: string;
}

/** What is to change at the door of a room: at least one of the two. */
export type DoorChange =
  | { readonly knock: boolean; readonly locked?: boolean }
  | { readonly knock?: boolean; readonly locked: boolean };

/** What the app may ask the client to send. `hello`, `ping` and `ack` are the client's own. */
export type ClientMessage =
  | JoinMessage
  | { readonly type: 'leave' }
  | ({ readonly type: 'signal'; readonly to?: string } & SignalBody)
  | { readonly type: 'admit' | 'refuse' | 'remove' | 'make_host'; readonly participant: string }
  | ({ readonly type: 'room.update' } & DoorChange)
  | { readonly type: 'end' }
  | ({ readonly type: 'media' } & MediaFlags)
  | { readonly type: 'ice' };
