/**
 * What the user interface sees of the app, and what it may ask for. `ui` renders an AppState and calls Actions;
 * it never touches `protocol` or `media`. The reducers in this folder are the only ones that make a new AppState.
 */

export type Page = 'home' | 'prejoin' | 'waiting' | 'call' | 'ended';

/** Why a device cannot be used; each has its own words in ui/problems.ts. */
export type DeviceProblem =
  | 'denied' // the person or the system said no
  | 'none' // no such device
  | 'busy' // another program has it
  | 'insecure' // not https and not localhost
  | 'unsupported' // the browser has no WebRTC or getUserMedia
  | 'failed'; // anything else

export type DeviceKind = 'audio' | 'video';

/** One of camera or microphone, before and during the call. */
export interface DeviceState {
  /** What the person asked for. */
  readonly wanted: boolean;
  /** What is so: `asking` while the browser's prompt is open. `off` means the track is stopped. */
  readonly status: 'off' | 'asking' | 'on' | 'problem';
  readonly problem?: DeviceProblem;
  /** Chosen deviceId; empty: the browser's default. */
  readonly deviceId: string;
}

export interface DeviceChoice {
  readonly deviceId: string;
  readonly label: string;
}

export interface Devices {
  readonly audio: DeviceState;
  readonly video: DeviceState;
  readonly microphones: readonly DeviceChoice[];
  readonly cameras: readonly DeviceChoice[];
  /** Empty where the browser cannot choose a speaker. */
  readonly speakers: readonly DeviceChoice[];
  readonly speakerId: string;
  /** Changes whenever the local preview stream is a different one; see Actions.localStream(). */
  readonly streamVersion: number;
}

/** The WebSocket. */
export type SignalState = 'connecting' | 'open' | 'reconnecting' | 'replaced' | 'failed';

/** The media path to one peer, in the order in which it usually goes. */
export type LinkState =
  | 'new' // waiting for descriptions
  | 'connecting' // ICE and DTLS under way
  | 'connected' // media may flow
  | 'unstable' // disconnected, may come back by itself
  | 'restarting' // ICE restart under way
  | 'failed'; // no way found; restarts go on

export interface PeerState {
  readonly participant: string;
  readonly name: string;
  readonly host: boolean;
  /** Signalling lost them; media may go on. */
  readonly away: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly link: LinkState;
  /** A frame of theirs has been shown. */
  readonly hasVideo: boolean;
  /** Changes whenever Actions.peerStream() would give another stream. */
  readonly streamVersion: number;
}

export interface Knock {
  readonly participant: string;
  readonly name: string;
}

/** Why a call is over or could not begin. */
export type EndReason =
  | 'left'
  | 'refused'
  | 'knock-timeout'
  | 'room-unknown'
  | 'room-full'
  | 'too-many-waiting'
  | 'replaced'
  | 'server-full'
  | 'error';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: 'info' | 'warning';
}

export interface AppState {
  readonly page: Page;
  /** Canonical room id (xxxxx-xxxxx-xxxxx-xxxxx), or ''. */
  readonly room: string;
  /** Absolute link to the room, or ''. */
  readonly link: string;
  readonly name: string;
  readonly devices: Devices;
  readonly signal: SignalState;
  /** The join has been sent and not yet answered. */
  readonly joining: boolean;
  /** I am the host. */
  readonly host: boolean;
  /** The room asks newcomers to knock. */
  readonly knock: boolean;
  readonly peers: readonly PeerState[];
  readonly knocks: readonly Knock[];
  readonly ended?: EndReason;
  /** Short messages for the live region; the newest last, at most 3. */
  readonly notices: readonly Notice[];
  /** On home: what was wrong with the code or with making a room. */
  readonly homeError?: string;
  /** Name field error on pre-join. */
  readonly nameError?: string;
  /** Creating a room is under way. */
  readonly creating: boolean;
}

/** One line of the call timeline, milliseconds since the click. */
export interface TimelineEntry {
  readonly name: string;
  readonly ms: number;
}

export interface Actions {
  /** Make a room and go to its pre-join page. */
  startCall(): void;
  /** Go to the room of a link or code as typed; sets homeError if it is neither. */
  openRoom(text: string): void;
  goHome(): void;
  setName(name: string): void;
  /** Switch camera or microphone on or off. Off stops the track: the light goes out. */
  setDevice(kind: DeviceKind, on: boolean): void;
  chooseDevice(kind: DeviceKind | 'speaker', deviceId: string): void;
  join(): void;
  leave(): void;
  admit(participant: string): void;
  refuse(participant: string): void;
  setKnock(on: boolean): void;
  /** Put the link on the clipboard; a notice says whether it worked. */
  copyLink(): void;
  /** After `ended`: back to pre-join of the same room. */
  rejoin(): void;
  dismissNotice(id: number): void;
  localStream(): MediaStream | null;
  peerStream(participant: string): MediaStream | null;
  /** Microphone level 0..1, for the meter; cheap enough for every animation frame. */
  micLevel(): number;
  /** The video element tells that it has shown a frame of this peer. */
  frameShown(participant: string): void;
  timeline(): readonly TimelineEntry[];
  /** Candidate pair and codec of a peer, for the debug panel. */
  peerStats(participant: string): Promise<Readonly<Record<string, string>>>;
}
