/**
 * What the app needs of cameras, microphones and WebRTC. `state` knows these interfaces only; the real things stand
 * beside this file, and tests use fakes.
 */

export type DeviceKind = 'audio' | 'video';

/** Why a device cannot be used; each has its own words in ui. */
export type DeviceProblem =
  | 'denied' // the person or the system said no
  | 'none' // no such device
  | 'busy' // another program has it
  | 'insecure' // not https and not localhost
  | 'unsupported' // the browser has no WebRTC or getUserMedia
  | 'failed'; // anything else

/** One of camera or microphone, before and during the call. */
export interface DeviceState {
  /** What the person asked for. */
  readonly wanted: boolean;
  /** What is so: `asking` while the browser's prompt is open. `off`: nothing is sent (see LocalMedia.set()). */
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
  /** Changes whenever the local preview stream is a different one; see LocalMedia.stream(). */
  readonly streamVersion: number;
}

export interface LocalMedia {
  readonly devices: Devices;
  /** Open what is wanted and keep it open: devices that come back or are allowed later are taken up. */
  start(): void;
  /** Close everything: all lights go out. */
  stop(): void;
  /**
   * Switch a device on or off. Off closes the camera. The microphone is closed too, except in a call (see
   * keepMicrophone()), where it is silenced and stays open, so that unmuting loses no syllable.
   */
  set(kind: DeviceKind, on: boolean): void;
  /** @on: in a call. */
  keepMicrophone(on: boolean): void;
  /** Choose a device; empty: the browser's default. */
  choose(kind: DeviceKind | 'speaker', deviceId: string): void;
  /** The live track, or null. */
  track(kind: DeviceKind): MediaStreamTrack | null;
  stream(): MediaStream | null;
  /** Microphone level, 0 to 1. */
  level(): number;
}

export interface LocalMediaEvents {
  changed(devices: Devices): void;
  /** Another track, or none, is to be sent. */
  track(kind: DeviceKind, track: MediaStreamTrack | null): void;
}

/** The media path to one peer, in the order in which it usually goes. */
export type LinkState =
  | 'new' // waiting for descriptions
  | 'connecting' // ICE and DTLS under way
  | 'connected' // media may flow
  | 'unstable' // disconnected, may come back by itself
  | 'restarting' // ICE restart under way
  | 'failed'; // no way found; restarts go on

export interface PeerCandidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
  readonly usernameFragment?: string | null;
}

export type PeerDescription =
  | { readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly type: 'rollback' };

/** What two peers say to each other; the same form as in `signal` messages. */
export type PeerSignal =
  | { readonly description: PeerDescription }
  | { readonly candidate: PeerCandidate }
  | { readonly end_of_candidates: true };

export interface PeerEvents {
  send(signal: PeerSignal): void;
  link(state: LinkState): void;
  /** stream() gives another stream now. */
  stream(): void;
  /** The path is broken, or may be: the owner sees to fresh ICE servers and calls restart(). */
  needsRestart(): void;
  fault(why: string): void;
}

/** One RTCPeerConnection after another with the same peer. */
export interface PeerLink {
  readonly link: LinkState;
  /** Begin the negotiation. The offer goes out through events.send(), or, for a `join`, is returned only. */
  offer(): void;
  earlyOffer(): Promise<string>;
  receive(signal: PeerSignal): void;
  /** Perfect negotiation: the polite side gives way when both have made an offer. */
  setPolite(polite: boolean): void;
  /** Restart ICE now, or as soon as the negotiation under way is done. */
  restart(): void;
  /**
   * Signalling may have lost something: say again what has not been answered. Otherwise restart ICE, always or only
   * where the path does not stand.
   */
  recover(restart: 'always' | 'broken'): void;
  /** A hint that the network has changed; @certain: it has. */
  networkChanged(certain: boolean): void;
  /** The peer has a new page: forget the old connection. Their offer will come. */
  reset(): void;
  setTrack(kind: DeviceKind, track: MediaStreamTrack | null): void;
  setIceServers(servers: RTCIceServer[]): void;
  stream(): MediaStream | null;
  stats(): Promise<Readonly<Record<string, string>>>;
  close(): void;
}

export interface PeerOptions {
  readonly polite: boolean;
  readonly iceServers: RTCIceServer[];
  readonly tracks: Readonly<Record<DeviceKind, MediaStreamTrack | null>>;
}

export interface TimelineEntry {
  readonly name: string;
  readonly ms: number;
}

export type Mark = 'click' | 'ws' | 'media' | 'offer' | 'answer' | 'ice' | 'dtls' | 'first-frame';

export interface CallTimeline {
  /** The first time counts; `click` starts a new call. */
  mark(name: Mark): void;
  entries(): readonly TimelineEntry[];
}

export interface MediaPort {
  readonly local: LocalMedia;
  readonly timeline: CallTimeline;
  createPeer(options: PeerOptions, events: PeerEvents): PeerLink;
}
